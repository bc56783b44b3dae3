//! What operators and probes ask.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::state::{ApiState, Server};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(version))
        .routes(routes!(metrics))
}

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", operation_id = "get_health", tag = "Service",
    responses((status = 200, body = serde_json::Value, example = json!({"status": "ok"}))))]
async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether the process can do its work: the database answers, the schema is there, the projections
/// follow, and a model is on offer.
#[utoipa::path(get, path = "/readyz", operation_id = "get_readiness", tag = "Service",
    responses((status = 200, body = serde_json::Value), (status = 503, body = serde_json::Value)))]
async fn ready(State(server): State<Arc<Server>>) -> Result<Json<Value>, ApiError> {
    match (server.readiness)().await {
        Ok(()) => Ok(Json(json!({"status": "ready"}))),
        Err(missing) => Err(ApiError::not_ready(&missing)),
    }
}

/// The version of the server.
#[utoipa::path(get, path = "/v1/version", operation_id = "get_version", tag = "Service",
    responses((status = 200, body = serde_json::Value)))]
async fn version() -> Json<Value> {
    Json(json!({"name": "jan-server", "version": env!("CARGO_PKG_VERSION")}))
}

/// Metrics in Prometheus's text format.
#[utoipa::path(get, path = "/metrics", operation_id = "get_metrics", tag = "Service", responses((status = 200, body = String)))]
async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], (server.metrics)()).into_response()
}
