use axum::Json;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use jan_commands::media::{MediaFailure, MediaLink};
use jan_domain::id::MediaId;
use jan_domain::metadata::Metadata;
use serde::Serialize;
use utoipa::ToSchema;

use super::serve::{Audience, serve};
use crate::body::{collect, limits_of};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// What a link in a path is good for.
pub(super) struct LinkInPath(MediaLink);

impl FromRequestParts<ApiState> for LinkInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let token = path.map(|Path(token)| token).unwrap_or_default();
        let link = state.commands.media.open_link(&token);
        Ok(Self(link?))
    }
}

/// An image that has come.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceivedMedia {
    /// As it was prepared.
    #[schema(value_type = String)]
    id: MediaId,
    /// What it is by its bytes.
    mime: String,
    /// Size.
    bytes: u64,
}

/// Read the bytes of media by a link.
#[utoipa::path(
    get,
    path = "/v1/media/links/{token}",
    operation_id = "read_media_link",
    tag = "Media",
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "The bytes"),
        (status = 206, description = "The bytes that `Range` asks for"),
    ),
)]
pub(super) async fn read(
    State(state): State<ApiState>,
    LinkInPath(link): LinkInPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let MediaLink::Read(id) = link else {
        return Err(MediaFailure::Link.into());
    };
    let shelf = &state.commands.media;
    let kept = shelf.linked(&id).await?;
    let mut response = serve(shelf, (&id, &kept), &headers, Audience::Anybody).await?;
    let policy = HeaderValue::from_static("no-referrer");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, policy);
    Ok(response)
}

/// Send the bytes of an image that was prepared.
#[utoipa::path(
    put,
    path = "/v1/media/links/{token}",
    operation_id = "write_media_link",
    tag = "Media",
    params(("token" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ReceivedMedia)),
)]
pub(super) async fn write(
    State(state): State<ApiState>,
    LinkInPath(link): LinkInPath,
    context: RequestContext,
    request: Request,
) -> Result<Response, ApiError> {
    let MediaLink::Write(id) = link else {
        return Err(MediaFailure::Link.into());
    };
    let limits = limits_of(request.uri().path(), &state);
    let bytes = collect(request, &limits).await?;
    let metadata = |owner: &_| Metadata {
        request_id: context.request.id.clone(),
        traceparent: context.request.traceparent.clone(),
        ..Metadata::of_system(owner, "media link")
    };
    let kept = state.commands.media.receive(&id, bytes, metadata).await?;
    let body = ReceivedMedia {
        id: kept.id,
        mime: kept.media.content.media_type,
        bytes: kept.media.content.bytes,
    };
    Ok(Json(body).into_response())
}
