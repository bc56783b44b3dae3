use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::office::Office;

/// Headers of a message that its tools are told.
const PASSED: [&str; 6] = [
    "content-type",
    "accept",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
];

/// Lets a message through to the tools if its token is good, and allows what it asks.
pub(super) async fn pass(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers.get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer "));
    let Some(scope) = token.and_then(|token| office.scope_of(token)) else {
        return refuse(
            &office,
            StatusCode::UNAUTHORIZED,
            "error=\"invalid_token\", scope=\"tools\"",
        );
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(needed) = &office.script.charge_needs
        && message["params"]["name"] == "charge"
        && !scope.split_whitespace().any(|held| held == needed)
    {
        let words = format!("error=\"insufficient_scope\", scope=\"{needed}\"");
        return refuse(&office, StatusCode::FORBIDDEN, &words);
    }
    forward(&office, &headers, body).await
}

async fn forward(office: &Office, headers: &HeaderMap, body: Bytes) -> Response {
    let mut request = office.http.post(&office.tools).body(body);
    for name in PASSED {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let Ok(answer) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response = Response::builder().status(answer.status());
    for name in [
        header::CONTENT_TYPE,
        HeaderName::from_static("mcp-session-id"),
    ] {
        if let Some(value) = answer.headers().get(&name) {
            response = response.header(name, value);
        }
    }
    let body = Body::from(answer.bytes().await.unwrap_or_default());
    response.body(body).expect("a whole answer")
}

fn refuse(office: &Office, status: StatusCode, words: &str) -> Response {
    let document = format!("{}/.well-known/oauth-protected-resource/mcp", office.base);
    let challenge = format!("Bearer {words}, resource_metadata=\"{document}\"");
    (status, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}
