//! Where clients learn who gives out tokens for the MCP endpoint (RFC 9728).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::{ApiState, McpDoor, Server};

const DOCUMENT: &str = "/.well-known/oauth-protected-resource";
/// Paths of the endpoint, the usual one first.
const ENDPOINTS: [&str; 2] = ["/mcp", "/v1/mcp"];

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(usual))
        .routes(routes!(of_short_path))
        .routes(routes!(of_long_path))
}

/// Where the document about the endpoint at `path` is.
pub(super) fn url(door: &McpDoor, path: &str) -> String {
    let endpoint = ENDPOINTS.iter().find(|endpoint| **endpoint == path);
    format!(
        "{}{DOCUMENT}{}",
        door.base,
        endpoint.unwrap_or(&ENDPOINTS[0])
    )
}

/// Tell who gives out tokens for the MCP endpoint.
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource", operation_id = "get_resource_metadata", tag = "MCP", responses((status = 200, body = Value)))]
async fn usual(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(document(&server.mcp, ENDPOINTS[0]))
}

/// The same, where clients of the endpoint at `/mcp` look.
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource/mcp", operation_id = "get_resource_metadata_of_mcp", tag = "MCP", responses((status = 200, body = Value)))]
async fn of_short_path(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(document(&server.mcp, ENDPOINTS[0]))
}

/// The same, where clients of the endpoint at `/v1/mcp` look.
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource/v1/mcp", operation_id = "get_resource_metadata_of_v1_mcp", tag = "MCP", responses((status = 200, body = Value)))]
async fn of_long_path(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(document(&server.mcp, ENDPOINTS[1]))
}

fn document(door: &McpDoor, endpoint: &str) -> Value {
    json!({
        "resource": format!("{}{endpoint}", door.base),
        "resource_name": "Jan Server",
        "authorization_servers": [door.base],
        "bearer_methods_supported": ["header"],
    })
}
