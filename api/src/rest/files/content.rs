use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use jan_commands::Commands;

use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::media::{Audience, serve};
use crate::rest::path_id::{FileId, InPath};

/// Read the bytes of a file.
#[utoipa::path(
    get,
    path = "/v1/files/{file_id}/content",
    operation_id = "get_file_content",
    tag = "Files",
    params(("file_id" = String, Path)),
    responses(
        (status = 200, description = "The bytes"),
        (status = 206, description = "The bytes that `Range` asks for"),
    ),
)]
pub(super) async fn content(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    InPath(FileId(id)): InPath<FileId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shelf = &commands.media;
    let kept = shelf.find(&caller.owner, &id).await?;
    serve(shelf, (&id, &kept), &headers, Audience::Owner).await
}
