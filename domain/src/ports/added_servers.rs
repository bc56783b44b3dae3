use futures::future::BoxFuture;

use super::tool_host::Credential;

/// Keeps the tool servers that administrators add while the deployment runs; their keys sealed.
pub trait AddedServers: Send + Sync {
    /// All of them, in the order in which they were added.
    fn all(&self) -> BoxFuture<'_, Result<Vec<AddedServer>, AddedFailure>>;

    /// Adds one; not if there is one of its label, or there are too many.
    fn add(&self, server: AddedServer) -> BoxFuture<'_, Result<bool, AddedFailure>>;

    /// Puts one in place of the one of its label, if there is one.
    fn change(&self, server: AddedServer) -> BoxFuture<'_, Result<bool, AddedFailure>>;

    /// Removes one, if there is one.
    fn remove<'a>(&'a self, label: &'a str) -> BoxFuture<'a, Result<bool, AddedFailure>>;
}

/// The servers do not answer, or cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the tool servers that were added cannot be had now")]
pub struct AddedFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A tool server that an administrator has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedServer {
    /// Its name.
    pub label: String,
    /// Its MCP endpoint (streamable HTTP).
    pub url: String,
    /// Whose word opens it.
    pub auth: ServerAuth,
    /// Sent as a bearer token, where the operator's word opens it.
    pub api_key: Option<Credential>,
    /// Who we are to its authorization server.
    pub client_id: Option<String>,
    /// By what it believes us.
    pub client_secret: Option<Credential>,
    /// What is asked for there.
    pub scopes: Vec<String>,
    /// The tools that are offered; all of them when empty.
    pub allowed_tools: Vec<String>,
    /// The pin of the list that was approved.
    pub pin: Option<String>,
}

/// Whose word opens a tool server of the deployment's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAuth {
    /// The operator's: its API key, or nothing.
    Key,
    /// Each caller's own: a token, or a grant of its authorization server.
    Caller,
    /// The deployment's own at its authorization server (`client_credentials`).
    Client,
}

impl ServerAuth {
    /// Its name in settings, in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Caller => "caller",
            Self::Client => "client",
        }
    }

    /// Reads such a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Key, Self::Caller, Self::Client]
            .into_iter()
            .find(|auth| auth.as_str() == text)
    }
}

/// What becomes of something that need not be there.
#[derive(Debug, Clone, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Stays,
    /// It becomes this.
    Becomes(T),
    /// It is taken away.
    Goes,
}

impl<T> Change<T> {
    /// The same about what comes of it, unless that fails.
    pub fn try_map<U, E>(self, of: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(match self {
            Self::Stays => Change::Stays,
            Self::Becomes(new) => Change::Becomes(of(new)?),
            Self::Goes => Change::Goes,
        })
    }

    fn make(self, place: &mut Option<T>) {
        match self {
            Self::Stays => {}
            Self::Becomes(new) => *place = Some(new),
            Self::Goes => *place = None,
        }
    }
}

/// What an administrator changes about a server; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ServerChange {
    /// Its MCP endpoint.
    pub url: Option<String>,
    /// Whose word opens it.
    pub auth: Option<ServerAuth>,
    /// Another key, or none.
    pub api_key: Change<Credential>,
    /// Another client, or none.
    pub client_id: Change<String>,
    /// Another secret, or none.
    pub client_secret: Change<Credential>,
    /// What is asked for.
    pub scopes: Option<Vec<String>>,
    /// What is offered.
    pub allowed_tools: Option<Vec<String>>,
    /// Another pin, or none.
    pub pin: Change<String>,
}

impl ServerChange {
    /// The server as it is then.
    pub fn of(self, mut server: AddedServer) -> AddedServer {
        fn set<T>(place: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *place = new;
            }
        }
        set(&mut server.url, self.url);
        set(&mut server.auth, self.auth);
        set(&mut server.scopes, self.scopes);
        set(&mut server.allowed_tools, self.allowed_tools);
        self.api_key.make(&mut server.api_key);
        self.client_id.make(&mut server.client_id);
        self.client_secret.make(&mut server.client_secret);
        self.pin.make(&mut server.pin);
        server
    }
}

/// Why a server is not added, changed or removed. The texts are safe to show.
#[derive(Debug, thiserror::Error)]
pub enum AdditionRefused {
    /// There is one of this label, or there are too many.
    #[error("there is a tool server '{0}' already, or there are as many as can be added")]
    Taken(String),
    /// The operator's own file names it.
    #[error("the tool server '{0}' is in the configuration, where it can be changed")]
    Configured(String),
    /// There is none.
    #[error("no tool server '{0}' was added")]
    Unknown(String),
    /// The address is not one that may be called.
    #[error(
        "the address is not allowed; an operator can allow it (tools.allow_private, tools.allow_http, tools.ports)"
    )]
    Forbidden,
    /// It does not fit together.
    #[error("{0}")]
    Unusable(String),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] AddedFailure),
}
