use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::conversation::delete_conversation;
use jan_domain::id::ConversationId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// The end of a conversation.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedConversation {
    /// Whose end it was.
    #[schema(value_type = String)]
    id: ConversationId,
    /// `conversation.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Delete a conversation and its items.
#[utoipa::path(
    delete,
    path = "/v1/conversations/{conversation_id}",
    operation_id = "delete_conversation",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    responses((status = 200, body = DeletedConversation)),
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<DeletedConversation>, ApiError> {
    delete_conversation(&commands, &caller, &context.request, &id).await?;
    Ok(Json(DeletedConversation {
        id,
        object: "conversation.deleted",
        deleted: true,
    }))
}
