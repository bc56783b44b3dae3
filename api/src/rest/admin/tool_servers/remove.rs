use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Administrator;
use crate::error::ApiError;
use crate::state::Server;

/// The end of a tool server.
#[derive(Serialize, ToSchema)]
pub(super) struct RemovedToolServer {
    /// Whose end it was.
    label: String,
    /// `tool_server.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
}

/// Remove a tool server that was added over the API.
#[utoipa::path(delete, path = "/v1/admin/tool_servers/{label}", operation_id = "remove_tool_server", tag = "Administration",
    params(("label" = String, Path, description = "Its name")), responses((status = 200, body = RemovedToolServer)))]
pub(super) async fn remove(
    State(server): State<Arc<Server>>,
    _: Administrator,
    Path(label): Path<String>,
) -> Result<Json<RemovedToolServer>, ApiError> {
    server.tool_servers.remove(label.clone()).await?;
    Ok(Json(RemovedToolServer {
        label,
        object: "tool_server.deleted",
        deleted: true,
    }))
}
