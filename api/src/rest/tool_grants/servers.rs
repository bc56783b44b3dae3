use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::ServerBody;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::state::Server;

/// All of them.
#[derive(Serialize, ToSchema)]
pub(super) struct ServerListBody {
    /// `list`
    object: &'static str,
    /// In the operator's order.
    data: Vec<ServerBody>,
}

/// List the deployment's tool servers, and which of them want an authorization of yours.
#[utoipa::path(
    get,
    path = "/v1/mcp/servers",
    operation_id = "list_mcp_servers",
    tag = "MCP",
    responses((status = 200, body = ServerListBody)),
)]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ServerListBody>, ApiError> {
    let doors = server.tool_authorizations.servers(caller.owner.clone());
    Ok(Json(ServerListBody {
        object: "list",
        data: doors.await?.into_iter().map(ServerBody::from).collect(),
    }))
}
