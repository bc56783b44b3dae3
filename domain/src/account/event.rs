use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::caller::Owner;
use crate::id::SessionId;

/// SHA-256 of a secret, in lower-case hex. Secrets themselves are never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(pub String);

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    /// Its owner left.
    LoggedOut,
    /// An old refresh token came back: somebody has a copy.
    RefreshTokenReused,
}

/// What has happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// Somebody came without a name.
    GuestCreated {
        /// Tenant, and the account's own id.
        owner: Owner,
        /// `guest-…`, unique by construction.
        username: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A device signed in.
    SessionOpened {
        /// Which.
        session: SessionId,
        /// Of its refresh token.
        refresh: SecretHash,
        /// When the refresh token dies.
        expires_at: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A device exchanged its refresh token for a new one.
    SessionRefreshed {
        /// Which.
        session: SessionId,
        /// Of the new refresh token; the old one is dead.
        refresh: SecretHash,
        /// When the new refresh token dies.
        expires_at: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A session ended; its access tokens are refused from now on.
    SessionClosed {
        /// Which.
        session: SessionId,
        /// Why.
        because: ClosedBecause,
        /// When.
        at: DateTime<Utc>,
    },
    /// It ended, and nobody can read any more what it said, made and was called.
    Erased {
        /// Whose key was destroyed.
        owner: Owner,
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::GuestCreated { .. } => "AccountGuestCreated",
            Self::SessionOpened { .. } => "AccountSessionOpened",
            Self::SessionRefreshed { .. } => "AccountSessionRefreshed",
            Self::SessionClosed { .. } => "AccountSessionClosed",
            Self::Erased { .. } => "AccountErased",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
