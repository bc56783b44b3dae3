use axum::Json;
use axum::extract::State;
use jan_domain::id::ConversationId;
use jan_projections::{Order, ReadModel, ReadModels};
use serde_json::Value;

use super::body::shown;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::InPath;

/// List a conversation's items, newest first.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/items",
    operation_id = "list_conversation_items",
    tag = "Conversations",
    params(("conversation_id" = String, Path), PageParams),
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<jan_domain::Json>>), ApiError> {
    let page = query.page(Order::NewestFirst)?;
    let fresh = reach(&reads, ReadModel::Conversations, &context).await?;
    let found = reads
        .conversations
        .list_items(&caller.owner, &id, &page)
        .await?;
    let found = found.ok_or_else(|| ApiError::not_found("conversation", &id))?;
    let body = ListBody::of_page(found, |row| (row.id.clone(), shown(row, context.flavour)));
    Ok((fresh, Json(body)))
}
