use axum::Json;
use axum::extract::State;
use jan_commands::conversation::delete_item;
use jan_domain::id::{ConversationId, ItemId};

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::conversations::body::ConversationBody;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Delete an item. The answer is its conversation.
#[utoipa::path(
    delete,
    path = "/v1/conversations/{conversation_id}/items/{item_id}",
    operation_id = "delete_conversation_item",
    tag = "Conversations",
    params(("conversation_id" = String, Path), ("item_id" = String, Path)),
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    InPath(item): InPath<ItemId>,
) -> Result<Json<ConversationBody>, ApiError> {
    let live = delete_item(&state.commands, &caller, &context.request, (&id, &item)).await?;
    Ok(Json(ConversationBody::of(id, live)))
}
