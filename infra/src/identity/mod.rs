//! Our own identity provider: access tokens that any service can check with the published key,
//! refresh tokens that only we can, and the keys that seal what lies in the database.

mod aes_seal;
mod audit_key;
mod issuer;
#[cfg(test)]
mod issuer_tests;
mod master_keys;
mod refresh_token;
mod sealing;
mod secret_file;
mod signing_key;

pub use audit_key::AuditKey;
pub use issuer::OwnIssuer;
pub use master_keys::{MasterKeyError, MasterKeyRing};
pub use refresh_token::{RefreshToken, RefreshTokenRefused};
pub use sealing::KeySeal;
pub use secret_file::SecretFileError;
pub use signing_key::{SigningKey, SigningKeyError};
