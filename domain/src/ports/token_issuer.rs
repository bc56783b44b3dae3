use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::caller::{CallerKind, Owner};
use crate::id::SessionId;

/// Signs and checks our own access tokens.
pub trait TokenIssuer: Send + Sync {
    /// Signs a token.
    fn sign(&self, claims: &AccessClaims) -> String;

    /// Checks signature, issuer, audience and lifetime.
    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenRefused>;

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

/// A token was not accepted. Callers learn no more than that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct TokenRefused;
