use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::Response;

use jan_domain::ports::{AuthorizationAnswer, Credential};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::page;
use crate::error::ApiError;
use crate::state::Server;

/// What an authorization server sends a person back with.
#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Brought {
    /// Ours.
    state: Option<String>,
    /// What it gives.
    code: Option<String>,
    /// Who it is (RFC 9207).
    iss: Option<String>,
    /// Why it gives nothing.
    error: Option<String>,
}

/// Where a person comes back to from a tool server's authorization server.
///
/// The page says which account would be let in where, and asks. A link from a stranger, who has begun
/// this for an account of its own, would show that stranger's account.
#[utoipa::path(
    get,
    path = "/v1/mcp/authorizations/callback",
    operation_id = "return_from_mcp_authorization",
    tag = "MCP",
    params(Brought),
    responses((status = 200, description = "A page", content_type = "text/html")),
)]
pub(super) async fn ask(
    State(server): State<Arc<Server>>,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Response {
    let Ok(Query(brought)) = brought else {
        return page::failed("The address of this page is incomplete.");
    };
    let (Some(state), Some(code)) = (&brought.state, &brought.code) else {
        return page::failed(match &brought.error {
            Some(_) => "The authorization server did not allow it. Nothing was kept.",
            None => "The address of this page is incomplete.",
        });
    };
    match server.tool_authorizations.awaited(state.clone()).await {
        Ok(awaited) => page::question(&awaited, state, code, brought.iss.as_deref()),
        Err(error) => page::failed(ApiError::from(error).message()),
    }
}

/// The person agrees.
#[utoipa::path(
    post,
    path = "/v1/mcp/authorizations/callback",
    operation_id = "finish_mcp_authorization",
    tag = "MCP",
    responses((status = 200, description = "A page", content_type = "text/html")),
)]
pub(super) async fn finish(
    State(server): State<Arc<Server>>,
    brought: Result<Form<Brought>, FormRejection>,
) -> Response {
    let brought = brought.map(|Form(brought)| (brought.state, brought.code, brought.iss));
    let Ok((Some(state), Some(code), issuer)) = brought else {
        return page::failed("The form of this page is incomplete.");
    };
    let answer = AuthorizationAnswer {
        state,
        code: Credential::new(code),
        issuer: issuer.filter(|issuer| !issuer.is_empty()),
    };
    match server.tool_authorizations.finish(answer).await {
        Ok(opened) => page::done(&opened),
        Err(error) => page::failed(ApiError::from(error).message()),
    }
}

/// What this server is to authorization servers that read client metadata documents.
#[utoipa::path(
    get,
    path = "/v1/mcp/client",
    operation_id = "get_mcp_client_metadata",
    tag = "MCP",
    responses((status = 200, body = Value)),
)]
pub(super) async fn client_document(State(server): State<Arc<Server>>) -> Json<Value> {
    let base = &server.mcp.base;
    let document = json!({
        "client_id": format!("{base}/v1/mcp/client"),
        "client_name": "Jan Server",
        "client_uri": base,
        "application_type": "web",
        "redirect_uris": [format!("{base}/v1/mcp/authorizations/callback")],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    Json(document)
}
