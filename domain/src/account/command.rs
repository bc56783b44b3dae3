use chrono::{DateTime, Utc};

use super::SecretHash;
use crate::caller::Owner;
use crate::id::SessionId;

/// What may be asked of an account.
#[derive(Debug, Clone)]
pub enum AccountCommand {
    /// Let somebody in without a name, with a first session.
    CreateGuest {
        /// Tenant, and the account's own id.
        owner: Owner,
        /// `guest-…`.
        username: String,
        /// The first session.
        session: SessionId,
        /// Of its refresh token.
        refresh: SecretHash,
        /// When the refresh token dies.
        expires_at: DateTime<Utc>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Exchange a refresh token.
    RefreshSession {
        /// Which session.
        session: SessionId,
        /// Of the token that was presented.
        presented: SecretHash,
        /// Of the token that replaces it.
        refresh: SecretHash,
        /// When the new one dies.
        expires_at: DateTime<Utc>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// End a session.
    CloseSession {
        /// Which.
        session: SessionId,
        /// Now.
        at: DateTime<Utc>,
    },
    /// End it, and let nothing of it be read again.
    Erase {
        /// Now.
        at: DateTime<Utc>,
    },
}
