use std::sync::Arc;
use std::time::Duration;

use jan_commands::crash::CrashPoints;
use jan_commands::retention::RetentionTerms;
use jan_commands::store::OwnerKeys;
use jan_domain::ports::{
    ModelCatalog, Seal, Signer, TokenIssuer, ToolAuthorizations, ToolHost, ToolServers,
};
use jan_domain::tool_permissions::ToolPermissions;
use jan_infra::code::PythonExec;
use jan_infra::config::{FileSearchSettings, Limits, Origins, Roles};
use jan_infra::database::Pool;

use super::media::MediaRoom;
use crate::state::{Introspection, McpDoor, SearchPlaces};

/// What an application is made from.
pub struct Blueprint {
    /// A database whose schema is up to date.
    pub pool: Pool,
    /// The models on offer.
    pub models: Arc<dyn ModelCatalog>,
    /// Our own tokens.
    pub issuer: Arc<dyn TokenIssuer>,
    /// The tools on offer.
    pub tools: Arc<dyn ToolHost>,
    /// The tool that runs code, if it is on offer.
    pub python: Option<PythonExec>,
    /// The servers behind them, for whoever operates them.
    pub tool_servers: Arc<dyn ToolServers>,
    /// How single callers are let in there.
    pub tool_authorizations: Arc<dyn ToolAuthorizations>,
    /// How callers may keep documents and search them.
    pub file_search: FileSearchSettings,
    /// How callers may keep images and files.
    pub media: MediaRoom,
    /// Which of them callers may use.
    pub tool_permissions: ToolPermissions,
    /// Tool calls that one caller makes itself, at once.
    pub direct_calls_max: usize,
    /// Longest a tool call may take.
    pub tool_timeout: Duration,
    /// Seals what lies in the database for a while.
    pub seal: Arc<dyn Seal>,
    /// Signs the seals of the event log.
    pub signer: Arc<dyn Signer>,
    /// The keys of owners.
    pub keys: OwnerKeys,
    /// How long what nobody needs any more is kept.
    pub retention: RetentionTerms,
    /// What this process does.
    pub roles: Roles,
    /// All bounds.
    pub limits: Limits,
    /// Whether somebody without a name is let in.
    pub guests: bool,
    /// Origins that browsers may call from.
    pub cors_origins: Origins,
    /// Who may come to the MCP endpoint.
    pub mcp: McpDoor,
    /// What of a caller's place makes a difference to a search of the web.
    pub search_places: SearchPlaces,
    /// Who is shown the GraphQL schema.
    pub introspection: Introspection,
    /// The metrics in Prometheus's text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Where tests make the process die.
    pub crash: CrashPoints,
}
