use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jan_domain::ports::Credential;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{CredentialBody, ServerRef};
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::error::{ApiError, created};
use crate::state::Server;

/// Longest token that is kept.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// A token of your own for a tool server.
#[derive(Deserialize, ToSchema)]
pub(super) struct KeepCredential {
    #[serde(flatten)]
    server: ServerRef,
    /// Sent to that server as a bearer token, and never shown again.
    token: String,
}

/// All of yours.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialListBody {
    /// `list`
    object: &'static str,
    /// Newest first.
    data: Vec<CredentialBody>,
}

/// The end of a credential.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedCredential {
    /// Whose end it was.
    id: String,
    /// `mcp.credential.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// List what opens tool servers to you, without what opens them.
#[utoipa::path(
    get,
    path = "/v1/mcp/credentials",
    operation_id = "list_mcp_credentials",
    tag = "MCP",
    responses((status = 200, body = CredentialListBody)),
)]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<CredentialListBody>, ApiError> {
    let grants = server.tool_authorizations.grants(caller.owner.clone());
    Ok(Json(CredentialListBody {
        object: "list",
        data: grants
            .await?
            .into_iter()
            .map(CredentialBody::from)
            .collect(),
    }))
}

/// Keep a token of yours for a tool server. It is sealed under your own key, takes the place of what
/// was there, and is used for your calls of that server that bring no `authorization`.
#[utoipa::path(
    post,
    path = "/v1/mcp/credentials",
    operation_id = "keep_mcp_credential",
    tag = "MCP",
    request_body = KeepCredential,
    responses((status = 201, body = CredentialBody)),
)]
pub(super) async fn keep(
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<KeepCredential>,
) -> Result<Response, ApiError> {
    if body.token.is_empty() || body.token.len() > TOKEN_BYTES_MAX {
        let wanted = format!("Expected 1 to {TOKEN_BYTES_MAX} bytes.");
        return Err(ApiError::invalid_value(wanted).at("token"));
    }
    let named = body.server.named()?;
    let token = Credential::new(body.token);
    let authorizations = &server.tool_authorizations;
    let kept = authorizations.keep_token(caller.owner.clone(), named, token);
    let body = CredentialBody::from(kept.await?);
    Ok(created(Json(body).into_response()))
}

/// Forget what opens a tool server to you. Where it was granted by OAuth, the authorization server is
/// not told: withdraw it there too.
#[utoipa::path(
    delete,
    path = "/v1/mcp/credentials/{credential_id}",
    operation_id = "delete_mcp_credential",
    tag = "MCP",
    params(("credential_id" = String, Path)),
    responses((status = 200, body = DeletedCredential)),
)]
pub(super) async fn forget(
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<DeletedCredential>, ApiError> {
    let authorizations = &server.tool_authorizations;
    let there_was = authorizations.forget(caller.owner.clone(), id.clone());
    if !there_was.await? {
        return Err(ApiError::not_found("credential", id));
    }
    Ok(Json(DeletedCredential {
        id,
        object: "mcp.credential.deleted",
        deleted: true,
    }))
}
