use std::time::Duration;

use chrono::{DateTime, Utc};
use jan_domain::ports::{AwaitedAnswer, Credential, GrantKind, ToolGrant};
use oauth2::TokenResponse as _;
use rmcp::transport::auth::{StoredAuthorizationState, StoredCredentials};
use serde::{Deserialize, Serialize};

use super::client::Client;

/// For how long a person may be away at an authorization server.
const AWAY: Duration = Duration::from_mins(10);
/// A token that lives no longer than this is renewed before it is used.
const NEARLY: Duration = Duration::from_secs(30);

/// What opens a server to a caller, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Secret {
    /// The caller's own token.
    Token(String),
    /// What its authorization server gave.
    Oauth(Box<Oauth>),
}

/// What an authorization server gave.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Oauth {
    pub(super) client: Client,
    pub(super) credentials: StoredCredentials,
    /// What led to the authorization server: it is found out anew before each step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) challenge: Option<String>,
    /// What the server has asked for since, and was not granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) wanted: Vec<String>,
}

/// What is needed once a person comes back.
#[derive(Serialize, Deserialize)]
pub(super) struct Away {
    pub(super) client: Client,
    pub(super) state: StoredAuthorizationState,
    /// What led to the authorization server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) challenge: Option<String>,
    /// Who is to give the answer. Found out again then, and compared.
    pub(super) issuer: Option<String>,
}

impl Secret {
    pub(super) fn read(grant: &ToolGrant) -> Option<Self> {
        serde_json::from_str(grant.secret.reveal()).ok()
    }

    /// As it is kept for a server.
    pub(super) fn kept(&self, server: &str) -> Option<ToolGrant> {
        let secret = Credential::new(serde_json::to_string(self).ok()?);
        let (kind, scopes, expires_at) = match self {
            Self::Token(_) => (GrantKind::Token, Vec::new(), None),
            Self::Oauth(oauth) => (
                GrantKind::Oauth,
                oauth.credentials.granted_scopes.clone(),
                oauth.expires_at(),
            ),
        };
        Some(ToolGrant {
            server: server.to_owned(),
            kind,
            scopes,
            expires_at,
            secret,
        })
    }

    /// What is sent.
    pub(super) fn bearer(&self) -> Option<String> {
        match self {
            Self::Token(token) => Some(token.clone()),
            Self::Oauth(oauth) => {
                let token = oauth.credentials.token_response.as_ref()?;
                Some(token.access_token().secret().clone())
            }
        }
    }

    /// Whether it has to be renewed before it is sent.
    pub(super) fn is_stale(&self, now: DateTime<Utc>) -> bool {
        match self {
            Self::Token(_) => false,
            Self::Oauth(oauth) => {
                let until = oauth.expires_at().map(|at| at - NEARLY);
                until.is_some_and(|until| until <= now) && oauth.is_renewable()
            }
        }
    }
}

impl Oauth {
    pub(super) fn is_renewable(&self) -> bool {
        let token = self.credentials.token_response.as_ref();
        token.is_some_and(|token| token.refresh_token().is_some())
    }

    fn expires_at(&self) -> Option<DateTime<Utc>> {
        let lives = self.credentials.token_response.as_ref()?.expires_in()?;
        let received = i64::try_from(self.credentials.token_received_at?).ok()?;
        DateTime::from_timestamp(received, 0)?
            .checked_add_signed(chrono::Duration::from_std(lives).ok()?)
    }
}

impl Away {
    pub(super) fn read(awaited: &AwaitedAnswer) -> Option<Self> {
        serde_json::from_str(awaited.secret.reveal()).ok()
    }

    pub(super) fn awaited(&self, server: &str, now: DateTime<Utc>) -> Option<AwaitedAnswer> {
        Some(AwaitedAnswer {
            state: self.state.csrf_token.clone(),
            server: server.to_owned(),
            secret: Credential::new(serde_json::to_string(self).ok()?),
            until: now + AWAY,
        })
    }
}
