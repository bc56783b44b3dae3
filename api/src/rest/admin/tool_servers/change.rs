use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};

use super::ToolServerBody;
use super::wish::ChangeToolServer;
use crate::body::JsonBody;
use crate::caller::Administrator;
use crate::error::ApiError;
use crate::state::Server;

/// Change a tool server that was added over the API, on all nodes within seconds.
#[utoipa::path(patch, path = "/v1/admin/tool_servers/{label}", operation_id = "change_tool_server", tag = "Administration",
    params(("label" = String, Path, description = "Its name")),
    request_body = ChangeToolServer, responses((status = 200, body = ToolServerBody)))]
pub(super) async fn change(
    State(server): State<Arc<Server>>,
    _: Administrator,
    Path(label): Path<String>,
    JsonBody(body): JsonBody<ChangeToolServer>,
) -> Result<Json<ToolServerBody>, ApiError> {
    let changed = server.tool_servers.change(label, body.change()?).await?;
    Ok(Json(changed.into()))
}
