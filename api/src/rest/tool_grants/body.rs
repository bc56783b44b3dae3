use chrono::{DateTime, Utc};
use jan_domain::ports::{GrantRecord, NamedServer, ServerDoor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;

/// A tool server: exactly one of both.
#[derive(Deserialize, ToSchema)]
pub(super) struct ServerRef {
    /// One of the deployment's own, by its name.
    server_label: Option<String>,
    /// Any, by the URL of its MCP endpoint.
    server_url: Option<String>,
}

/// One of the deployment's tool servers, as it stands to you.
#[derive(Serialize, ToSchema)]
pub(super) struct ServerBody {
    /// `mcp.server`
    object: &'static str,
    /// Its name.
    server_label: String,
    /// The URL of its MCP endpoint, where it wants a word of yours.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_url: Option<String>,
    /// `shared` (nothing of yours is wanted), `granted`, or `required`.
    authorization: &'static str,
}

/// What opens a tool server to you, without what opens it.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialBody {
    /// `grant_…`
    id: String,
    /// `mcp.credential`
    object: &'static str,
    /// The MCP endpoint for which it is good, and no other.
    server_url: String,
    /// `token` (brought by you) or `oauth` (granted at the server's authorization server).
    #[serde(rename = "type")]
    kind: &'static str,
    /// What it allows, where that is said.
    scopes: Vec<String>,
    /// When it was kept or last renewed.
    #[serde(with = "chrono::serde::ts_seconds")]
    #[schema(value_type = i64)]
    created_at: DateTime<Utc>,
    /// When it has to be renewed, which happens by itself where the server allows it.
    #[serde(with = "chrono::serde::ts_seconds_option")]
    #[schema(value_type = Option<i64>)]
    expires_at: Option<DateTime<Utc>>,
}

impl ServerRef {
    pub(super) fn named(self) -> Result<NamedServer, ApiError> {
        match (self.server_label, self.server_url) {
            (Some(label), None) => Ok(NamedServer::Label(label)),
            (None, Some(url)) => Ok(NamedServer::Url(url)),
            (None, None) => Err(ApiError::invalid_value(
                "Name the server by 'server_label' or 'server_url'.",
            )
            .at("server_label")),
            (Some(_), Some(_)) => Err(ApiError::invalid_value(
                "Name the server by 'server_label' or 'server_url', not by both.",
            )
            .at("server_url")),
        }
    }
}

impl From<ServerDoor> for ServerBody {
    fn from(door: ServerDoor) -> Self {
        let wants = door.entrance != jan_domain::ports::Entrance::Shared;
        Self {
            object: "mcp.server",
            server_label: door.label,
            server_url: wants.then_some(door.url),
            authorization: door.entrance.as_str(),
        }
    }
}

impl From<GrantRecord> for CredentialBody {
    fn from(grant: GrantRecord) -> Self {
        Self {
            id: grant.id,
            object: "mcp.credential",
            server_url: grant.server,
            kind: grant.kind.as_str(),
            scopes: grant.scopes,
            created_at: grant.kept_at,
            expires_at: grant.expires_at,
        }
    }
}
