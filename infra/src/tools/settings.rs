use std::time::Duration;

use jan_domain::ports::ServerAuth;
use jan_domain::tool_permissions::ToolPermissions;

use super::pins::Pins;
use crate::safe_http::{AllowedPlace, OwnPlaces};
use crate::secret::Secret;

/// What may be called, and how.
#[derive(Debug, Clone)]
pub struct ToolSettings {
    /// The deployment's own tool servers, in the order in which their tools are listed.
    pub servers: Vec<ToolServerSettings>,
    /// What is done about lists of theirs that are not as they were approved.
    pub pins: Pins,
    /// What is this server itself; callers may not name it.
    pub own: OwnPlaces,
    /// Places that callers may name although they are not public.
    pub allowed: Vec<AllowedPlace>,
    /// Whether callers may name public servers without TLS.
    pub allow_http: bool,
    /// Ports at the public servers that callers name.
    pub ports: Vec<u16>,
    /// Headers that callers may send to the servers they name, besides those that carry keys.
    pub caller_headers: Vec<String>,
    /// Which of the deployment's own tools callers may use.
    pub permissions: ToolPermissions,
    /// Tool calls that one caller makes itself, at once.
    pub direct_calls_max: usize,
    /// Patience and sizes, towards the servers that callers name.
    pub limits: ToolLimits,
    /// What we are to authorization servers.
    pub oauth: OauthSettings,
}

/// What we are to the authorization servers of tool servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthSettings {
    /// Where they send people back to.
    pub redirect_uri: String,
    /// Where our client metadata document is, if it can be read from outside: it names us to
    /// authorization servers that register nobody (SEP-991).
    pub client_document: Option<String>,
}

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            redirect_uri: "http://127.0.0.1:8000/v1/mcp/authorizations/callback".to_owned(),
            client_document: None,
        }
    }
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            pins: Pins::default(),
            own: OwnPlaces::default(),
            allowed: Vec::new(),
            allow_http: false,
            ports: vec![443, 80],
            caller_headers: Vec::new(),
            permissions: ToolPermissions::default(),
            direct_calls_max: 8,
            limits: ToolLimits::default(),
            oauth: OauthSettings::default(),
        }
    }
}

/// A tool server of the deployment's own: reached where it is, by the operator's word.
#[derive(Debug, Clone)]
pub struct ToolServerSettings {
    /// Its name in logs; unique.
    pub name: String,
    /// Its MCP endpoint.
    pub url: String,
    /// Sent as a bearer token.
    pub api_key: Option<Secret>,
    /// Whose word opens it.
    pub auth: ServerAuth,
    /// Who we are to its authorization server, if that was settled there beforehand.
    pub client_id: Option<String>,
    /// By what it believes us.
    pub client_secret: Option<Secret>,
    /// What is asked for there; what the server says when empty.
    pub scopes: Vec<String>,
    /// The tools that are offered; all of them when empty.
    pub allowed_tools: Vec<String>,
    /// The pin of the list that was approved.
    pub pin: Option<String>,
    /// Pins of single tools, `name=sha256:…`: what is still offered once the list has changed.
    pub tool_pins: Vec<String>,
    /// Patience and sizes.
    pub limits: ToolLimits,
}

impl ToolServerSettings {
    /// A server without a key, all of whose tools are offered.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            api_key: None,
            auth: ServerAuth::Key,
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            allowed_tools: Vec::new(),
            pin: None,
            tool_pins: Vec::new(),
            limits: ToolLimits::default(),
        }
    }
}

/// How long and how much a tool server may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolLimits {
    /// To open a connection, TLS included.
    pub connect: Duration,
    /// To agree on a protocol, and to list all tools.
    pub list: Duration,
    /// For one call, the opening of a session included.
    pub call: Duration,
    /// How long a list is remembered, unless the server says less.
    pub list_ttl: Duration,
    /// How long an unused session is kept.
    pub session_idle: Duration,
    /// Tools of one server; more are left out.
    pub tools_max: usize,
    /// Size of one server's list.
    pub list_bytes_max: usize,
    /// Size of a result's texts and its structured value.
    pub result_bytes_max: usize,
}

impl Default for ToolLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            list: Duration::from_secs(10),
            call: Duration::from_secs(45),
            list_ttl: Duration::from_mins(1),
            session_idle: Duration::from_secs(30),
            tools_max: 128,
            list_bytes_max: 2 << 20,
            result_bytes_max: 1 << 20,
        }
    }
}

/// Why tools cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum ToolSetupError {
    /// Not an address a server can have.
    #[error("the URL of tool server `{server}` is neither http nor https, or contains a user name")]
    Url {
        /// The server's name.
        server: String,
    },
    /// The key cannot travel in a header.
    #[error("the API key of tool server `{server}` contains line ends or control characters")]
    ApiKey {
        /// The server's name.
        server: String,
    },
    /// A deployment without a name cannot ask for a token.
    #[error("tool server `{server}` has auth = \"client\" and needs client_id and client_secret")]
    NoClient {
        /// The server's name.
        server: String,
    },
    /// The name cannot tell servers apart.
    #[error("there are two tool servers named `{server}`")]
    SameName {
        /// The name.
        server: String,
    },
    /// Not a header, or one that callers must not send.
    #[error("callers cannot be allowed to send the header `{header}` to tool servers")]
    CallerHeader {
        /// The header.
        header: String,
    },
    /// The HTTP client refuses its settings, or no certificate authorities were found.
    #[error("the HTTP client for tool servers cannot be built")]
    Client(#[from] reqwest::Error),
}
