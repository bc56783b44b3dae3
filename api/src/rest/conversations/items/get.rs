use axum::Json;
use axum::extract::State;
use jan_domain::id::{ConversationId, ItemId};
use jan_projections::{ReadModel, ReadModels};

use super::body::shown;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::path_id::InPath;

/// Show one item of a conversation.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/items/{item_id}",
    operation_id = "get_conversation_item",
    tag = "Conversations",
    params(("conversation_id" = String, Path), ("item_id" = String, Path)),
    responses((status = 200, body = Value)),
)]
pub(super) async fn get(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    InPath(item): InPath<ItemId>,
) -> Result<(Freshened, Json<jan_domain::Json>), ApiError> {
    let fresh = reach(&reads, ReadModel::Conversations, &context).await?;
    let row = reads
        .conversations
        .find_item(&caller.owner, &id, &item)
        .await?;
    let row = row.ok_or_else(|| ApiError::not_found("item", &item))?;
    Ok((fresh, Json(shown(row, context.flavour))))
}
