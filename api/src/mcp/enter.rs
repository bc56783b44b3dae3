//! Who may come in: under which host, from which page, with which token, and through whom.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Uri, header};
use jan_domain::Caller;
use jan_domain::ports::TOOL_DEPTH_HEADER;

use super::{guard, metadata};
use crate::error::ApiError;
use crate::state::{ApiState, McpDoor};

/// Lets a request pass once it is known who asks.
pub(crate) async fn enter(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&state, request.headers(), request.uri()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => challenged(&state, request.uri().path(), refusal),
    }
}

async fn caller(state: &ApiState, headers: &HeaderMap, uri: &Uri) -> Result<Arc<Caller>, ApiError> {
    let door = &state.server.mcp;
    admit(headers, uri, door)?;
    if door.open && !headers.contains_key(header::AUTHORIZATION) {
        return Ok(Arc::new(Caller::nobody()));
    }
    state.authenticator.caller(headers).await
}

/// Refuses what no token makes welcome: other hosts, other pages, and ourselves.
pub(super) fn admit(headers: &HeaderMap, uri: &Uri, door: &McpDoor) -> Result<(), ApiError> {
    guard::check(headers, uri, door)?;
    if headers.contains_key(TOOL_DEPTH_HEADER) {
        return Err(ApiError::tool_loop());
    }
    Ok(())
}

/// A refusal that tells clients where tokens come from.
fn challenged(state: &ApiState, path: &str, refusal: ApiError) -> Response {
    let unauthorized = refusal.is_unauthorized();
    let mut response = refusal.into_response();
    if unauthorized {
        let url = metadata::url(&state.server.mcp, path);
        let challenge = format!("Bearer resource_metadata=\"{url}\"");
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    response
}
