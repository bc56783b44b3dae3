//! The MCP endpoint: the deployment's own tools, the caller's conversations as resources, and a
//! prompt, over streamable HTTP in both eras and without sessions.
//!
//! rmcp speaks the protocol; who may come, and with what, is decided before it. Start reading at
//! `enter.rs`, then `handler.rs`.

mod accept;
mod alone;
mod asked;
mod enter;
mod guard;
mod handler;
mod message;
mod metadata;
mod prompts;
mod resources;
mod tools;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::handler::Handler;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::description;
use crate::state::{ApiState, EdgeLimits, McpDoor};

pub use self::alone::alone;
pub(crate) use self::enter::enter;

/// The protocol behind the door.
pub(crate) type Service<H = Handler> = Arc<StreamableHttpService<H, NeverSessionManager>>;

/// What is behind [`enter`].
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(serve))
        .routes(routes!(serve_shortly))
        .routes(routes!(list_tools));
    description::require_credentials(routes.get_openapi_mut());
    routes
}

/// What anybody may read.
pub(crate) fn public_routes() -> OpenApiRouter<ApiState> {
    metadata::routes()
}

/// The protocol, as this server's own handler answers it.
pub(crate) fn service(state: &ApiState) -> Service {
    let stop = state.commands.runner.stopping();
    spoken_by(Handler::new(state), state.server.mcp.body_bytes, stop)
}

/// The protocol, without sessions: every request stands for itself, on any node.
fn spoken_by<H>(handler: H, body_bytes: usize, stop: CancellationToken) -> Service<H>
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    // Hosts and origins are looked at before, and bodies are read before.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(body_bytes)
        .with_cancellation_token(stop)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    Arc::new(StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    ))
}

/// Speak the Model Context Protocol: JSON-RPC 2.0, one message at a time.
#[utoipa::path(
    post,
    path = "/v1/mcp",
    operation_id = "call_mcp",
    tag = "MCP",
    request_body = Value,
    responses((status = 200, body = Value), (status = 202, description = "A notification was taken.")),
)]
async fn serve(
    state: State<ApiState>,
    service: Extension<Service>,
    request: Request,
) -> Result<Response, Response> {
    answer(state, service, request).await
}

/// The same, where other MCP servers have it.
#[utoipa::path(
    post,
    path = "/mcp",
    operation_id = "call_mcp_shortly",
    tag = "MCP",
    request_body = Value,
    responses((status = 200, body = Value), (status = 202, description = "A notification was taken.")),
)]
async fn serve_shortly(
    state: State<ApiState>,
    service: Extension<Service>,
    request: Request,
) -> Result<Response, Response> {
    answer(state, service, request).await
}

async fn answer(
    State(state): State<ApiState>,
    Extension(service): Extension<Service>,
    request: Request,
) -> Result<Response, Response> {
    pass(&service, request, &state.server.mcp, state.server.limits).await
}

/// Reads one message and lets the protocol answer it.
async fn pass<H: ServerHandler>(
    service: &Service<H>,
    request: Request,
    door: &McpDoor,
    edge: EdgeLimits,
) -> Result<Response, Response> {
    let limits = EdgeLimits {
        body_bytes: door.body_bytes,
        ..edge
    };
    let request = message::read(request, &limits).await?;
    let answered = service.handle(request).await;
    Ok(answered.map(Body::new).into_response())
}

/// List the tools that you may call, as `tools/list` does. `withheld` names those that their server has
/// changed since they were approved, and what of them, until an operator approves them again.
#[utoipa::path(get, path = "/v1/mcp/tools", operation_id = "list_mcp_tools", tag = "MCP", responses((status = 200, body = Value)))]
async fn list_tools(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, ApiError> {
    let tools = tools::list(&state.commands, &caller).await?;
    let withheld = tools::withheld(&state, &caller, &tools).await;
    let mut told = json!({ "tools": tools });
    if !withheld.is_empty() {
        told["withheld"] = withheld.into();
    }
    Ok(Json(told))
}
