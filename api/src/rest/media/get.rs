use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jan_commands::Commands;
use jan_domain::id::MediaId;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::url_of;
use super::serve::{Audience, serve};
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::path_id::InPath;
use crate::state::Server;

/// Where the bytes are, where they are not handed out here (`media.proxy_download`).
#[derive(Serialize, ToSchema)]
pub(super) struct MediaUrl {
    /// Good for a while, for whoever knows it.
    url: String,
}

/// Read the bytes of media.
#[utoipa::path(
    get,
    path = "/v1/media/{media_id}",
    operation_id = "get_media",
    tag = "Media",
    params(("media_id" = String, Path)),
    responses(
        (status = 200, description = "The bytes, or where they are", body = MediaUrl),
        (status = 206, description = "The bytes that `Range` asks for"),
    ),
)]
pub(super) async fn get(
    State(commands): State<Commands>,
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<MediaId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shelf = &commands.media;
    let kept = shelf.find(&caller.owner, &id).await?;
    if !server.proxy_download {
        let address = shelf.address(&id, &kept).await?;
        let url = url_of(&server, address);
        return Ok(Json(MediaUrl { url }).into_response());
    }
    serve(shelf, (&id, &kept), &headers, Audience::Owner).await
}
