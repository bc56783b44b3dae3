use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_domain::id::MediaId;
use jan_domain::metadata::Metadata;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::{FileId, InPath};

/// The end of a file.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedFile {
    /// Whose end it was.
    #[schema(value_type = String)]
    id: MediaId,
    /// `file`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Delete a file.
#[utoipa::path(
    delete,
    path = "/v1/files/{file_id}",
    operation_id = "delete_file",
    tag = "Files",
    params(("file_id" = String, Path)),
    responses((status = 200, body = DeletedFile)),
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(FileId(id)): InPath<FileId>,
) -> Result<Json<DeletedFile>, ApiError> {
    let metadata = Metadata::of(&caller, &context.request);
    commands
        .media
        .delete((&caller.owner, &metadata), &id)
        .await?;
    Ok(Json(DeletedFile {
        id,
        object: "file",
        deleted: true,
    }))
}
