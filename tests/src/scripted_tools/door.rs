//! HTTP around the protocol: who is let in, what is counted, and where a fault takes the place of an
//! answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Map, Value, json};

use super::faults;
use super::handler::Handler;
use super::options::{Era, Options};
use super::performance::Performance;
use super::script::{Ending, Fault, script};
use super::stage::{Stage, circumstances};

const BODY_BYTES_MAX: usize = 32 << 20;

pub(super) fn router(stage: Arc<Stage>) -> Router {
    let handler = Handler(Arc::clone(&stage));
    let mcp = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    Router::new()
        .route_service("/mcp", mcp)
        .layer(from_fn_with_state(Arc::clone(&stage), pass))
        .route("/ledger", get(read_ledger).delete(forget_ledger))
        .route("/change", post(change))
        .route("/expire", post(expire))
        .route("/health", get(|| async { "ok" }))
        .with_state(stage)
}

async fn read_ledger(State(stage): State<Arc<Stage>>) -> Response {
    Json(json!({ "entries": stage.ledger.entries() })).into_response()
}

async fn forget_ledger(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.ledger.forget();
    StatusCode::NO_CONTENT
}

async fn change(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.changed.store(true, Ordering::SeqCst);
    StatusCode::NO_CONTENT
}

async fn expire(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.expire_sessions();
    StatusCode::NO_CONTENT
}

async fn pass(State(stage): State<Arc<Stage>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    stage.see(&parts.headers);
    if !may_enter(&stage.options, &parts.headers) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    if stage.is_expired(&parts.headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = message["method"].as_str().unwrap_or_default();
    match method {
        "server/discover" if stage.options.era == Era::Legacy => {
            return (StatusCode::BAD_REQUEST, "no session").into_response();
        }
        "initialize" if stage.options.era == Era::Modern => {
            return (StatusCode::BAD_REQUEST, "no initialize here").into_response();
        }
        "server/discover" | "initialize" => {
            stage.openings.fetch_add(1, Ordering::SeqCst);
        }
        "tools/list" => {
            stage.lists.fetch_add(1, Ordering::SeqCst);
        }
        _ => {}
    }
    if let Some((fault, performance)) = fault(&stage, &parts.headers, &message) {
        return faults::answer(fault, performance).await;
    }
    let request = Request::from_parts(parts, Body::from(body));
    let response = next.run(request).await;
    stage.begin(response.headers());
    response
}

fn may_enter(options: &Options, headers: &HeaderMap) -> bool {
    let Some(token) = &options.bearer else {
        return true;
    };
    let said = headers.get(header::AUTHORIZATION);
    said.is_some_and(|said| said.as_bytes() == format!("Bearer {token}").as_bytes())
}

/// A call that asks to stay without an answer; its effect happens here.
fn fault(stage: &Stage, headers: &HeaderMap, message: &Value) -> Option<(Fault, Performance)> {
    if message["method"] != "tools/call" {
        return None;
    }
    let tool = message["params"]["name"].as_str()?;
    let none = Map::new();
    let arguments = message["params"]["arguments"].as_object().unwrap_or(&none);
    let changed = stage.changed.load(Ordering::SeqCst);
    let Ending::Fault(fault) = script(tool, arguments, changed)?.ending else {
        return None;
    };
    let around = circumstances(headers, &message["params"]["_meta"]);
    Some((
        fault,
        Performance::begin(&stage.ledger, tool, arguments, around),
    ))
}
