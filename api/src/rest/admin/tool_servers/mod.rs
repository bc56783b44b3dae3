//! The deployment's tool servers, for whoever operates them.

mod add;
mod change;
mod remove;
mod wish;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jan_domain::ports::{ToolReport, ToolServerReport};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Administrator;
use crate::error::ApiError;
use crate::state::{ApiState, Server};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(refresh))
        .routes(routes!(add::add))
        .routes(routes!(change::change))
        .routes(routes!(remove::remove))
}

/// Since this version of the protocol a server is asked without a session.
const MODERN: &str = "2026-07-28";

/// A tool server.
#[derive(Serialize, ToSchema)]
pub(crate) struct ToolServerBody {
    /// Its name.
    pub(crate) label: String,
    /// `tool_server`
    object: &'static str,
    /// Where it is.
    url: String,
    /// Whose word opens it: `key`, `caller` or `client`.
    auth: &'static str,
    /// `file` (the operator's configuration) or `api`.
    origin: &'static str,
    /// `modern` or `legacy`, while there is an understanding with it.
    pub(crate) era: Option<&'static str>,
    /// The version of the protocol.
    pub(crate) version: Option<String>,
    /// `ok`, `changed` if tools are not as they were approved, or `failed`.
    pub(crate) state: &'static str,
    /// `pinned`, `unpinned` or `changed`.
    pub(crate) pin_state: &'static str,
    /// The pin of the list as it is now.
    pub(crate) pin: Option<String>,
    /// Its tools.
    pub(crate) tools: Vec<ToolBody>,
    /// Why there is no list.
    pub(crate) last_error: Option<String>,
}

/// A tool.
#[derive(Serialize, ToSchema)]
pub(crate) struct ToolBody {
    /// Its name.
    pub(crate) name: String,
    /// The pin of this tool alone.
    pub(crate) pin: String,
    /// Whether it is offered and can be called.
    pub(crate) offered: bool,
    /// What differs from what was approved: `new`, `unknown`, or its parts.
    pub(crate) changes: Vec<&'static str>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub(super) struct ToolServerListBody {
    /// `list`
    object: &'static str,
    /// In the operator's order.
    data: Vec<ToolServerBody>,
}

impl From<ToolServerReport> for ToolServerBody {
    fn from(report: ToolServerReport) -> Self {
        let modern = |version: &String| version.as_str() >= MODERN;
        let pin_state = report.approval.as_str();
        let state = match (&report.failure, pin_state) {
            (Some(_), _) => "failed",
            (None, "changed") => "changed",
            (None, _) => "ok",
        };
        Self {
            label: report.name,
            object: "tool_server",
            url: report.url,
            auth: report.auth.as_str(),
            origin: if report.added { "api" } else { "file" },
            era: report
                .version
                .as_ref()
                .map(|version| if modern(version) { "modern" } else { "legacy" }),
            version: report.version,
            state,
            pin_state,
            pin: report.pin,
            tools: report.tools.into_iter().map(ToolBody::from).collect(),
            last_error: report.failure.map(|failure| failure.to_string()),
        }
    }
}

impl From<ToolReport> for ToolBody {
    fn from(tool: ToolReport) -> Self {
        Self {
            name: tool.name,
            pin: tool.pin,
            offered: tool.offered,
            changes: tool.changes,
        }
    }
}

/// List the deployment's tool servers, and how their tools stand to what was approved.
#[utoipa::path(get, path = "/v1/admin/tool_servers", operation_id = "list_tool_servers", tag = "Administration",
    responses((status = 200, body = ToolServerListBody)))]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    _: Administrator,
) -> Json<ToolServerListBody> {
    let reports = server.tool_servers.report().await;
    Json(ToolServerListBody {
        object: "list",
        data: reports.into_iter().map(ToolServerBody::from).collect(),
    })
}

/// Ask a tool server for its list now.
#[utoipa::path(post, path = "/v1/admin/tool_servers/{label}/refresh", operation_id = "refresh_tool_server", tag = "Administration",
    params(("label" = String, Path, description = "Its name")), responses((status = 200, body = ToolServerBody)))]
pub(super) async fn refresh(
    State(server): State<Arc<Server>>,
    _: Administrator,
    Path(label): Path<String>,
) -> Result<Json<ToolServerBody>, ApiError> {
    let report = server.tool_servers.refresh(label.clone()).await;
    let report = report.ok_or_else(|| ApiError::not_found("tool server", label))?;
    Ok(Json(report.into()))
}
