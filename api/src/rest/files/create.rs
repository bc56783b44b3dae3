use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_domain::metadata::Metadata;
use utoipa::ToSchema;

use super::body::FileBody;
use super::form::FileForm;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;

/// A file to keep. The document's picture of [`FileForm`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "read part by part; see `FileForm`")]
pub(super) struct CreateFile {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `assistants`, `batch`, `evals`, `fine-tune`, `user_data` or `vision`.
    purpose: String,
    /// `created_at`, if it is to expire.
    #[schema(rename = "expires_after[anchor]")]
    anchor: Option<String>,
    /// From 3600 to 2592000.
    #[schema(rename = "expires_after[seconds]")]
    seconds: Option<u64>,
}

/// Keep a file.
#[utoipa::path(
    post,
    path = "/v1/files",
    operation_id = "create_file",
    tag = "Files",
    request_body(content = CreateFile, content_type = "multipart/form-data"),
    responses((status = 200, body = FileBody)),
)]
pub(super) async fn create(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    FileForm(file): FileForm,
) -> Result<Json<FileBody>, ApiError> {
    let metadata = Metadata::of(&caller, &context.request);
    let by = (&caller.owner, &metadata);
    let kept = commands.media.keep_file(by, context.ids.as_ref(), file);
    let kept = kept
        .await
        .map_err(|failure| ApiError::from(failure).or_at("file"))?;
    Ok(Json(FileBody::of(kept.id, &kept.media)))
}
