use axum::Json;
use axum::extract::State;
use jan_projections::{Order, ReadModel, ReadModels};

use super::body::ConversationBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};

/// List your conversations, newest first.
#[utoipa::path(
    get,
    path = "/v1/conversations",
    operation_id = "list_conversations",
    tag = "Conversations",
    params(PageParams, ("referrer" = Option<String>, Query, description = "Only those that came from here")),
    responses((status = 200, body = ListBody<ConversationBody>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<ConversationBody>>), ApiError> {
    let page = query.page(Order::NewestFirst)?;
    let referrer = query.get("referrer")?;
    let fresh = reach(&reads, ReadModel::Conversations, &context).await?;
    let found = reads
        .conversations
        .list(&caller.owner, referrer, &page)
        .await?;
    let body = ListBody::of_page(found.page, |row| (row.id.clone(), row.into()));
    Ok((fresh, Json(body.counting(found.total))))
}
