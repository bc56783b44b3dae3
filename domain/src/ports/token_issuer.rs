use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::account::SecretHash;
use crate::caller::{CallerKind, Owner};
use crate::id::{AccountId, SessionId};

/// Signs and checks our own access tokens, and makes and reads refresh tokens.
pub trait TokenIssuer: Send + Sync {
    /// Signs a token.
    fn sign(&self, claims: &AccessClaims) -> String;

    /// Checks signature, issuer, audience and lifetime.
    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenRefused>;

    /// How long a new access token lives.
    fn access_lifetime(&self) -> Duration;

    /// A new refresh token of a session: random, and recorded only as its hash.
    fn make_refresh_token(&self, account: &AccountId, session: &SessionId) -> MadeRefreshToken;

    /// Reads a presented refresh token. Its form proves nothing; its hash must be the session's.
    fn read_refresh_token(&self, text: &str) -> Result<ReadRefreshToken, TokenRefused>;

    /// The public keys, as a JSON Web Key Set.
    fn jwks(&self) -> Value;
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub` and `tenant`.
    pub owner: Owner,
    /// `sid`
    pub session: SessionId,
    /// `kind`
    pub kind: CallerKind,
    /// `iat`
    pub issued_at: DateTime<Utc>,
    /// `exp`
    pub expires_at: DateTime<Utc>,
}

/// A refresh token that has just been made.
#[derive(Debug)]
pub struct MadeRefreshToken {
    /// The token, for the client only.
    pub text: String,
    /// What is recorded of it.
    pub hash: SecretHash,
    /// How long it lives.
    pub lifetime: Duration,
}

/// A refresh token as it was presented.
#[derive(Debug)]
pub struct ReadRefreshToken {
    /// The account it claims.
    pub account: AccountId,
    /// The session it claims.
    pub session: SessionId,
    /// What would be recorded of it.
    pub hash: SecretHash,
}

/// A token was not accepted. Callers learn no more than that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct TokenRefused;
