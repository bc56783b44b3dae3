//! Our own identity provider: access tokens that any service can check with the published key,
//! and refresh tokens that only we can.

mod audit_key;
mod issuer;
#[cfg(test)]
mod issuer_tests;
mod refresh_token;
mod sealing;
mod signing_key;

pub use audit_key::AuditKey;
pub use issuer::OwnIssuer;
pub use refresh_token::{RefreshToken, RefreshTokenRefused};
pub use sealing::KeySeal;
pub use signing_key::{SigningKey, SigningKeyError};
