//! What every handler may ask for, in six parts.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use futures::future::BoxFuture;
use jan_commands::Commands;
use jan_commands::store::IdempotencyKeys;
use jan_domain::ports::{IdGenerator, Signer, ToolAuthorizations, ToolServers};
use jan_projections::{ProjectionOperator, ReadModels};

use crate::authenticate::Authenticator;
use crate::media_service::MediaServiceKey;

/// What every handler is given. One pointer, because axum clones it for every layer of a request.
#[derive(Clone)]
pub struct ApiState(Arc<Rooms>);

/// What the doors lead to.
pub struct Rooms {
    /// The write side.
    pub commands: Commands,
    /// The read side.
    pub reads: ReadModels,
    /// The read models, for whoever operates them.
    pub projections: ProjectionOperator,
    /// Who is who.
    pub authenticator: Arc<Authenticator>,
    /// Outcomes by `Idempotency-Key`.
    pub idempotency: IdempotencyKeys,
    /// The server around the doors.
    pub server: Arc<Server>,
}

impl From<Rooms> for ApiState {
    fn from(rooms: Rooms) -> Self {
        Self(Arc::new(rooms))
    }
}

impl Deref for ApiState {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

impl FromRef<ApiState> for Commands {
    fn from_ref(state: &ApiState) -> Self {
        state.commands.clone()
    }
}

impl FromRef<ApiState> for ReadModels {
    fn from_ref(state: &ApiState) -> Self {
        state.reads.clone()
    }
}

impl FromRef<ApiState> for ProjectionOperator {
    fn from_ref(state: &ApiState) -> Self {
        state.projections.clone()
    }
}

impl FromRef<ApiState> for Arc<Authenticator> {
    fn from_ref(state: &ApiState) -> Self {
        Self::clone(&state.authenticator)
    }
}

impl FromRef<ApiState> for Arc<Server> {
    fn from_ref(state: &ApiState) -> Self {
        Self::clone(&state.server)
    }
}

/// What the doors need of the server around them.
pub struct Server {
    /// Fresh ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Makes a request's span part of the trace its client has begun, or of a new one, and answers
    /// the span's place in it as a W3C `traceparent`.
    pub trace: fn(&tracing::Span, Option<&str>) -> String,
    /// Checks one part after another; `Err` names the parts that are not ready.
    pub readiness: Box<dyn Fn() -> BoxFuture<'static, Result<(), Vec<String>>> + Send + Sync>,
    /// The metrics in Prometheus's text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Bounds at the edge.
    pub limits: EdgeLimits,
    /// Whether somebody without a name is let in.
    pub guests: bool,
    /// Whether anybody but operators and probes is answered.
    pub serves_api: bool,
    /// Origins that browsers may call from, checked.
    pub cors_origins: Vec<String>,
    /// The MCP endpoint.
    pub mcp: McpDoor,
    /// The deployment's tool servers, for whoever operates them.
    pub tool_servers: Arc<dyn ToolServers>,
    /// How single callers are let in at tool servers.
    pub tool_authorizations: Arc<dyn ToolAuthorizations>,
    /// What of a caller's place makes a difference to a search of the web.
    pub search_places: SearchPlaces,
    /// Who is shown the GraphQL schema.
    pub introspection: Introspection,
    /// What opens the routes of media to a service.
    pub media_key: Option<MediaServiceKey>,
    /// Whether the bytes of media are handed out, and not only links to them.
    pub proxy_download: bool,
    /// Signs checkpoints of the log.
    pub signer: Arc<dyn Signer>,
}

/// What the search engines that are set up take notice of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SearchPlaces {
    /// A country.
    pub countries: bool,
    /// A place in words.
    pub places: bool,
}

/// Who is shown the GraphQL schema by the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Introspection {
    /// Whoever has a token.
    Everybody,
    /// The same, but for guests.
    NoGuests,
    /// Administrators only.
    Administrators,
}

/// Who may come to the MCP endpoint, and how.
#[derive(Debug, Clone)]
pub struct McpDoor {
    /// Hosts under which it may be called; any when empty.
    pub hosts: Vec<String>,
    /// Origins whose pages may call it.
    pub origins: Vec<String>,
    /// Whether pages of this machine may, whatever their port.
    pub local_origins: bool,
    /// Whether tools that read may be used without a token.
    pub open: bool,
    /// Largest message, in bytes.
    pub body_bytes: usize,
    /// Where the server is reached and who issues its tokens, without a slash at the end.
    pub base: String,
}

/// Bounds at the edge.
#[derive(Debug, Clone, Copy)]
pub struct EdgeLimits {
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Connections at once; beyond it new ones wait to be accepted.
    pub connections: usize,
    /// Time for a request's headers to arrive, in milliseconds.
    pub header_read_timeout_ms: u64,
    /// Silence in the middle of a request's body, in milliseconds.
    pub body_read_timeout_ms: u64,
    /// Time in which a client must take some of its answer, in milliseconds.
    pub write_timeout_ms: u64,
    /// Time for open requests to end once the server is told to stop, in milliseconds.
    pub shutdown_timeout_ms: u64,
    /// Largest answer kept for an `Idempotency-Key`, in bytes.
    pub kept_answer_bytes: usize,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            body_bytes: 20 * 1024 * 1024,
            connections: 10_000,
            header_read_timeout_ms: 10_000,
            body_read_timeout_ms: 30_000,
            write_timeout_ms: 60_000,
            shutdown_timeout_ms: 10_000,
            kept_answer_bytes: 1024 * 1024,
        }
    }
}
