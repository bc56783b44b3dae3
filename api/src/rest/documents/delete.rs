use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::document::remove_document;
use jan_domain::id::DocumentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// The end of a document.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedDocument {
    /// Whose end it was.
    #[schema(value_type = String)]
    id: DocumentId,
    /// `document.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Keep a document no longer.
#[utoipa::path(
    delete,
    path = "/v1/documents/{document}",
    operation_id = "delete_document",
    tag = "Documents",
    params(("document" = String, Path)),
    responses((status = 200, body = DeletedDocument)),
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<DocumentId>,
) -> Result<Json<DeletedDocument>, ApiError> {
    remove_document(&commands, &caller, &context.request, &id).await?;
    Ok(Json(DeletedDocument {
        id,
        object: "document.deleted",
        deleted: true,
    }))
}
