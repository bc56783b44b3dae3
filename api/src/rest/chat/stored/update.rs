use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::response::replace_metadata;
use jan_domain::UserMetadata;
use jan_domain::id::ResponseId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::StoredCompletion;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// What can be changed of a stored completion.
#[derive(Deserialize, ToSchema)]
pub(super) struct UpdateStoredCompletion {
    /// New pairs, replacing all old ones; at most 16.
    metadata: BTreeMap<String, String>,
}

/// Replace the metadata of a stored completion.
#[utoipa::path(
    post,
    path = "/v1/chat/completions/{completion_id}",
    operation_id = "update_stored_completion",
    tag = "Chat",
    params(("completion_id" = String, Path)),
    request_body = UpdateStoredCompletion,
    responses((status = 200, body = StoredCompletion)),
)]
pub(super) async fn update(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ResponseId>,
    JsonBody(body): JsonBody<UpdateStoredCompletion>,
) -> Result<Json<StoredCompletion>, ApiError> {
    let metadata = UserMetadata::parse(body.metadata)?;
    let stored = replace_metadata(&commands, &caller, &context.request, &id, metadata).await?;
    Ok(Json(StoredCompletion::of(id, stored)))
}
