use jan_domain::ports::Signer;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::{SigningKey, SigningKeyError};
use crate::config::Config;

/// The Ed25519 key pair behind the seals of the event log. Another one than that of tokens: who may
/// let people in shall not be able to make history.
#[derive(Debug)]
pub struct AuditKey(Ed25519KeyPair);

impl AuditKey {
    /// The configured key, or the one of the data directory, made on the first start.
    pub fn of(config: &Config) -> Result<Self, SigningKeyError> {
        let path = config.audit_key_file();
        let key = match config.audit.signing_key_file {
            Some(_) => SigningKey::load(&path)?,
            None => SigningKey::load_or_make(&path)?,
        };
        Ok(Self::from(&key))
    }

    /// The key, if there is one yet: a command that reads makes none.
    pub fn find(config: &Config) -> Result<Option<Self>, SigningKeyError> {
        let path = config.audit_key_file();
        if config.audit.signing_key_file.is_none() && !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self::from(&SigningKey::load(&path)?)))
    }
}

impl From<&SigningKey> for AuditKey {
    fn from(key: &SigningKey) -> Self {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.encoding.as_bytes());
        Self(pair.expect("a signing key is an Ed25519 key in PKCS#8"))
    }
}

impl Signer for AuditKey {
    fn public_key(&self) -> [u8; 32] {
        let public = self.0.public_key().as_ref();
        public
            .try_into()
            .expect("an Ed25519 public key has 32 bytes")
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.0.sign(message);
        signature
            .as_ref()
            .try_into()
            .expect("an Ed25519 signature has 64 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_file_signs() {
        let key = SigningKey::ephemeral();
        let (one, again) = (AuditKey::from(&key), AuditKey::from(&key));
        assert_eq!(one.sign(b"log"), again.sign(b"log"));
        let public =
            ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, one.public_key());
        assert!(public.verify(b"log", &again.sign(b"log")).is_ok());
        assert!(public.verify(b"other", &again.sign(b"log")).is_err());
    }
}
