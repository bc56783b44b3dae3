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
use crate::rest::path_id::InPath;

/// The end of media.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedMedia {
    /// Whose end it was.
    #[schema(value_type = String)]
    id: MediaId,
    /// `media.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Delete media, and its bytes.
#[utoipa::path(
    delete,
    path = "/v1/media/{media_id}",
    operation_id = "delete_media",
    tag = "Media",
    params(("media_id" = String, Path)),
    responses((status = 200, body = DeletedMedia)),
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<MediaId>,
) -> Result<Json<DeletedMedia>, ApiError> {
    let metadata = Metadata::of(&caller, &context.request);
    commands
        .media
        .delete((&caller.owner, &metadata), &id)
        .await?;
    Ok(Json(DeletedMedia {
        id,
        object: "media.deleted",
        deleted: true,
    }))
}
