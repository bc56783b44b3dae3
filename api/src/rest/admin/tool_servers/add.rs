use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::ToolServerBody;
use super::wish::AddToolServer;
use crate::body::JsonBody;
use crate::caller::Administrator;
use crate::error::{ApiError, created};
use crate::state::Server;

/// Add a tool server, on all nodes within seconds. It is asked at once; that it does not answer yet is
/// told, and no reason not to add it.
#[utoipa::path(post, path = "/v1/admin/tool_servers", operation_id = "add_tool_server", tag = "Administration",
    request_body = AddToolServer, responses((status = 201, body = ToolServerBody)))]
pub(super) async fn add(
    State(server): State<Arc<Server>>,
    _: Administrator,
    JsonBody(body): JsonBody<AddToolServer>,
) -> Result<Response, ApiError> {
    let added = server.tool_servers.add(body.server()?).await?;
    Ok(created(Json(ToolServerBody::from(added)).into_response()))
}
