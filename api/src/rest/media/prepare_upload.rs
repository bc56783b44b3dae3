use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::media::{MediaFailure, MediaLink};
use jan_domain::id::MediaId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

use super::body::link_url;
use super::on_behalf::on_behalf;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::Server;

/// An image that is to be sent. Unknown fields are accepted and go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct PrepareUpload {
    /// What it will be, such as `image/png`.
    mime_type: String,
    /// From a service (`X-Media-Service-Key`): the account whose image it will be.
    user_id: Option<String>,
}

/// Where to send it.
#[derive(Serialize, ToSchema)]
pub(super) struct PreparedUpload {
    /// What it will be called once it has come.
    #[schema(value_type = String)]
    id: MediaId,
    /// `PUT` the bytes here. No token is needed: whoever has the address may.
    upload_url: String,
    /// As it was said.
    mime_type: String,
    /// For how many seconds the address is good.
    expires_in: u64,
}

/// Prepare to send an image without a token.
#[utoipa::path(
    post,
    path = "/v1/media/prepare-upload",
    operation_id = "prepare_upload",
    tag = "Media",
    request_body = PrepareUpload,
    responses((status = 200, body = PreparedUpload)),
)]
pub(super) async fn prepare_upload(
    State(commands): State<Commands>,
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    JsonBody(body): JsonBody<PrepareUpload>,
) -> Result<Json<PreparedUpload>, ApiError> {
    let mime_type = body.mime_type;
    if !jan_commands::media::takes(&mime_type) {
        let shown = mime_type.chars().take(100).collect();
        return Err(ApiError::from(MediaFailure::NotAnImage(shown)).at("mime_type"));
    }
    let shelf = &commands.media;
    let by = (&*caller, &context.request);
    let (owner, metadata) = on_behalf(&commands, by, body.user_id.as_deref()).await?;
    let (id, until) = shelf
        .prepare((&owner, &metadata), context.ids.as_ref())
        .await?;
    let token = shelf.seal_link(MediaLink::Write(id.clone()), until);
    Ok(Json(PreparedUpload {
        id,
        upload_url: link_url(&server, &token),
        mime_type,
        expires_in: shelf.terms().link_valid.as_secs(),
    }))
}
