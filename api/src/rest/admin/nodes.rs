use axum::Json;
use axum::extract::State;
use jan_projections::{NodeRow, ReadModels};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Administrator;
use crate::error::ApiError;

/// A server process that lives.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeBody {
    /// Never used twice.
    id: String,
    /// `node`
    object: &'static str,
    /// Unix seconds.
    started_at: i64,
    /// Unix seconds; it has to show signs of life before.
    expires_at: i64,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeListBody {
    /// `list`
    object: &'static str,
    /// The oldest first.
    data: Vec<NodeBody>,
}

impl From<NodeRow> for NodeBody {
    fn from(row: NodeRow) -> Self {
        Self {
            id: row.id,
            object: "node",
            started_at: row.started_at.timestamp(),
            expires_at: row.expires_at.timestamp(),
        }
    }
}

/// List the server processes that live.
#[utoipa::path(get, path = "/v1/admin/nodes", operation_id = "list_nodes", tag = "Administration",
    responses((status = 200, body = NodeListBody)))]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    _: Administrator,
) -> Result<Json<NodeListBody>, ApiError> {
    let nodes = reads.nodes.list().await?;
    Ok(Json(NodeListBody {
        object: "list",
        data: nodes.into_iter().map(NodeBody::from).collect(),
    }))
}
