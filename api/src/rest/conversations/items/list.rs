use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_domain::id::ConversationId;
use jan_projections::{ItemRow, Order, ReadModel};
use serde_json::Value;

use super::body::shown;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::reach;
use crate::rest::conversations::past;
use crate::rest::moment::{MomentParams, Shown, asked};
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// List a conversation's items, newest first, as they are or as they stood.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/items",
    operation_id = "list_conversation_items",
    tag = "Conversations",
    params(("conversation_id" = String, Path), PageParams, MomentParams),
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    let page = query.page(Order::NewestFirst)?;
    let entry = |row: ItemRow| (row.id.clone(), shown(row, context.flavour));
    if let Some(asked) = asked(&query)? {
        let past = past::found(&state.commands, &caller, &id, asked).await?;
        let (rows, has_more) = past::page(&past, &page)?;
        let body = ListBody::of(rows.into_iter().map(entry), has_more);
        return Ok((Shown::of(past.record), Json(body)).into_response());
    }
    let reads = &state.reads;
    let fresh = reach(reads, ReadModel::Conversations, &context).await?;
    let found = reads
        .conversations
        .list_items(&caller.owner, &id, &page)
        .await?;
    let found = found.ok_or_else(|| ApiError::not_found("conversation", &id))?;
    Ok((fresh, Json(ListBody::of_page(found, entry))).into_response())
}
