use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::response::delete_stored;
use jan_domain::id::ResponseId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// The end of a stored completion.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedCompletion {
    /// `chat.completion.deleted`
    object: &'static str,
    /// Whose end it was.
    #[schema(value_type = String)]
    id: ResponseId,
    /// `true`
    deleted: bool,
}

/// Delete a stored completion.
#[utoipa::path(
    delete,
    path = "/v1/chat/completions/{completion_id}",
    operation_id = "delete_stored_completion",
    tag = "Chat",
    params(("completion_id" = String, Path)),
    responses((status = 200, body = DeletedCompletion)),
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ResponseId>,
) -> Result<Json<DeletedCompletion>, ApiError> {
    delete_stored(&commands, &caller, &context.request, &id).await?;
    Ok(Json(DeletedCompletion {
        object: "chat.completion.deleted",
        id,
        deleted: true,
    }))
}
