use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::tool_host::Credential;
use crate::caller::Owner;

/// Keeps what opens tool servers to single callers: sealed under their own keys, gone with them, and
/// never in an event.
pub trait GrantStore: Send + Sync {
    /// What opens a server to this caller.
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Option<ToolGrant>, GrantFailure>>;

    /// Keeps a grant in place of the one before, if there is one.
    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        grant: ToolGrant,
    ) -> BoxFuture<'a, Result<(), GrantFailure>>;

    /// All that is kept for this caller, newest first, without what opens.
    fn list<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Vec<GrantRecord>, GrantFailure>>;

    /// Forgets a grant; whether there was one.
    fn forget<'a>(
        &'a self,
        owner: &'a Owner,
        id: &'a str,
    ) -> BoxFuture<'a, Result<bool, GrantFailure>>;

    /// Keeps what is needed once a person comes back from an authorization server.
    fn await_answer<'a>(
        &'a self,
        owner: &'a Owner,
        awaited: AwaitedAnswer,
    ) -> BoxFuture<'a, Result<(), GrantFailure>>;

    /// What an answer with this `state` belongs to, unless it came too late or was taken before.
    fn awaited<'a>(
        &'a self,
        state: &'a str,
    ) -> BoxFuture<'a, Result<Option<(Owner, AwaitedAnswer)>, GrantFailure>>;

    /// Awaits this answer no longer; whether it was awaited. Of two who ask, one is told so.
    fn take<'a>(&'a self, state: &'a str) -> BoxFuture<'a, Result<bool, GrantFailure>>;
}

/// What opens a server to one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolGrant {
    /// The server's MCP endpoint: the URL for which it is good, and no other.
    pub server: String,
    /// How it was come by.
    pub kind: GrantKind,
    /// What it allows, where that is said.
    pub scopes: Vec<String>,
    /// When it has to be renewed.
    pub expires_at: Option<DateTime<Utc>>,
    /// What opens, in the words of whoever uses it.
    pub secret: Credential,
}

/// How a grant was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// The caller brought a token of its own.
    Token,
    /// The caller allowed it at the server's authorization server.
    Oauth,
}

impl GrantKind {
    /// Its stored and answered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Oauth => "oauth",
        }
    }

    /// Reads such a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Token, Self::Oauth]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A grant as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Names it among its owner's.
    pub id: String,
    /// The server that it opens.
    pub server: String,
    /// How it was come by.
    pub kind: GrantKind,
    /// What it allows, where that is said.
    pub scopes: Vec<String>,
    /// When it was kept or renewed.
    pub kept_at: DateTime<Utc>,
    /// When it has to be renewed.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is needed once a person comes back from an authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedAnswer {
    /// Comes back with the answer; unguessable.
    pub state: String,
    /// The server that is to be opened.
    pub server: String,
    /// The rest, in the words of whoever uses it.
    pub secret: Credential,
    /// Until when an answer counts.
    pub until: DateTime<Utc>,
}

/// Why a grant cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum GrantFailure {
    /// Nothing is sealed here, so nothing that must be sealed is kept.
    #[error("this server keeps no credentials, because it seals nothing (keys.seal_events is off)")]
    Unsealed,
    /// The store does not answer.
    #[error("what opens tool servers cannot be had now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
