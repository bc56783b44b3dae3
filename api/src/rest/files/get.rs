use axum::Json;
use axum::extract::State;
use jan_commands::Commands;

use super::body::FileBody;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::path_id::{FileId, InPath};

/// Describe a file.
#[utoipa::path(
    get,
    path = "/v1/files/{file_id}",
    operation_id = "get_file",
    tag = "Files",
    params(("file_id" = String, Path)),
    responses((status = 200, body = FileBody)),
)]
pub(super) async fn get(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    InPath(FileId(id)): InPath<FileId>,
) -> Result<Json<FileBody>, ApiError> {
    let kept = commands.media.find(&caller.owner, &id).await?;
    Ok(Json(FileBody::of(id, &kept)))
}
