use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::media::{MediaFailure, MediaSource};
use jan_domain::id::MediaId;
use jan_domain::media::FileName;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

use super::body::url_of;
use super::on_behalf::on_behalf;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::Server;

/// An image to keep. Unknown fields are accepted and go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateMedia {
    source: Source,
    /// What it is called; at most 255 characters.
    filename: Option<String>,
    /// From a service (`X-Media-Service-Key`): the account whose image it will be.
    user_id: Option<String>,
}

/// Where the image comes from.
#[derive(Deserialize, ToSchema)]
struct Source {
    /// `data_url` or `remote_url`.
    #[serde(rename = "type")]
    kind: String,
    /// `data:<type>;base64,<bytes>`, with `data_url`.
    data_url: Option<String>,
    /// An address of the web, with `remote_url`.
    url: Option<String>,
}

/// An image after it was kept.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedMedia {
    /// `jan_` and a ULID: what messages can say instead of an image.
    #[schema(value_type = String)]
    id: MediaId,
    /// What it is by its bytes.
    mime: String,
    /// Size.
    bytes: u64,
    /// Whether the same was kept before, under the same id.
    deduped: bool,
    /// Where it can be read for a while by whoever knows the address.
    presigned_url: String,
}

/// Keep an image, from a data URL or from the web. The same image again has the same id.
#[utoipa::path(
    post,
    path = "/v1/media",
    operation_id = "create_media",
    tag = "Media",
    request_body = CreateMedia,
    responses((status = 200, body = CreatedMedia)),
)]
pub(super) async fn create(
    State(commands): State<Commands>,
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    JsonBody(body): JsonBody<CreateMedia>,
) -> Result<Json<CreatedMedia>, ApiError> {
    let file_name = body.filename.as_deref().map(FileName::parse).transpose();
    let file_name =
        file_name.map_err(|wrong| ApiError::from(MediaFailure::from(wrong)).at("filename"))?;
    let (source, field) = source_of(body.source)?;
    let by = (&*caller, &context.request);
    let (owner, metadata) = on_behalf(&commands, by, body.user_id.as_deref()).await?;
    let shelf = &commands.media;
    let at_field = |failure: MediaFailure| ApiError::from(failure).at(field);
    let (said, bytes) = shelf.bring(&source).await.map_err(at_field)?;
    let by = (&owner, &metadata);
    let kept = shelf.keep_image(by, context.ids.as_ref(), file_name, (&said, bytes));
    let kept = kept.await.map_err(at_field)?;
    let address = shelf.address(&kept.id, &kept.media).await?;
    Ok(Json(CreatedMedia {
        id: kept.id,
        mime: kept.media.content.media_type,
        bytes: kept.media.content.bytes,
        deduped: kept.deduped,
        presigned_url: url_of(&server, address),
    }))
}

/// The source, and the field that names it. Jan's clients spell the types in three ways each.
fn source_of(source: Source) -> Result<(MediaSource, &'static str), ApiError> {
    match source.kind.as_str() {
        "data_url" | "datauri" | "dataurl" => {
            let field = "source.data_url";
            let url = source.data_url.ok_or_else(|| ApiError::missing(field))?;
            Ok((MediaSource::DataUrl(url), field))
        }
        "remote_url" | "remoteuri" | "remote" => {
            let field = "source.url";
            let url = source.url.ok_or_else(|| ApiError::missing(field))?;
            Ok((MediaSource::RemoteUrl(url), field))
        }
        other => {
            let shown: String = other.chars().take(100).collect();
            let message = format!("unknown source type {shown}");
            Err(ApiError::invalid_value(message).at("source.type"))
        }
    }
}
