use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::tool_grants::{GrantFailure, GrantRecord};
use super::tool_host::{Credential, ToolFailure};
use crate::caller::Owner;
use crate::id::AccountId;

/// What single callers are allowed at tool servers, and how they come by it.
pub trait ToolAuthorizations: Send + Sync {
    /// The deployment's servers, as they stand to this caller.
    fn servers(&self, owner: Owner) -> BoxFuture<'static, Result<Vec<ServerDoor>, GrantFailure>>;

    /// What this caller has, newest first.
    fn grants(&self, owner: Owner) -> BoxFuture<'static, Result<Vec<GrantRecord>, GrantFailure>>;

    /// Forgets one; whether there was one.
    fn forget(&self, owner: Owner, id: String) -> BoxFuture<'static, Result<bool, GrantFailure>>;

    /// Keeps a token that the caller has from elsewhere.
    fn keep_token(
        &self,
        owner: Owner,
        server: NamedServer,
        token: Credential,
    ) -> BoxFuture<'static, Result<GrantRecord, AuthorizationFailure>>;

    /// Finds out who gives out tokens for a server, and where the person has to go.
    fn begin(
        &self,
        owner: Owner,
        wish: AuthorizationWish,
    ) -> BoxFuture<'static, Result<BegunAuthorization, AuthorizationFailure>>;

    /// What an answer with this `state` would open, and to whom.
    fn awaited(
        &self,
        state: String,
    ) -> BoxFuture<'static, Result<AwaitedAuthorization, AuthorizationFailure>>;

    /// Takes the answer that a person brings back, and keeps what it gives.
    fn finish(
        &self,
        answer: AuthorizationAnswer,
    ) -> BoxFuture<'static, Result<AwaitedAuthorization, AuthorizationFailure>>;
}

/// A tool server as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedServer {
    /// One of the deployment's own.
    Label(String),
    /// Any, by the URL of its MCP endpoint.
    Url(String),
}

/// One of the deployment's servers, as it stands to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDoor {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub url: String,
    /// What it takes to come in.
    pub entrance: Entrance,
}

/// What it takes to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Nothing of the caller's.
    Shared,
    /// The caller's own word, and it is there.
    Granted,
    /// The caller's own word, and it is missing.
    Required,
}

impl Entrance {
    /// Its answered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Granted => "granted",
            Self::Required => "required",
        }
    }
}

/// What a caller wants to be allowed.
#[derive(Debug, Clone)]
pub struct AuthorizationWish {
    /// Where.
    pub server: NamedServer,
    /// What; what the server asks for when empty.
    pub scopes: Vec<String>,
    /// A client that the caller has registered itself, with its secret if it has one.
    pub client: Option<(String, Option<Credential>)>,
}

/// Where a person has to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunAuthorization {
    /// The server that is to be opened.
    pub server: String,
    /// The authorization server's page.
    pub url: String,
    /// Until when an answer counts.
    pub until: DateTime<Utc>,
}

/// What an answer opens, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedAuthorization {
    /// The server.
    pub server: String,
    /// Who began it.
    pub account: AccountId,
}

/// What a person brings back (RFC 6749 §4.1.2, RFC 9207).
#[derive(Debug, Clone)]
pub struct AuthorizationAnswer {
    /// Our own `state`.
    pub state: String,
    /// The code.
    pub code: Credential,
    /// Who gave it, where that is said.
    pub issuer: Option<String>,
}

/// Why there is no authorization. The texts are safe to show.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationFailure {
    /// The deployment has no server of this name.
    #[error("there is no tool server '{0}'")]
    UnknownServer(String),
    /// The server is the operator's to open.
    #[error("the tool server '{0}' needs nothing of yours")]
    Shared(String),
    /// The address is not one that may be called.
    #[error("the address is not allowed")]
    Forbidden,
    /// A token that fits no header.
    #[error("the token contains line ends or control characters")]
    BadToken,
    /// Nobody waits for this answer, or not any more.
    #[error(
        "nobody waits for this answer: it came too late, was used before, or was not asked for"
    )]
    NotAwaited,
    /// What the other side says or does cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The server itself cannot be asked.
    #[error(transparent)]
    Server(#[from] ToolFailure),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] GrantFailure),
}
