use jan_domain::ports::Seal;
use jsonwebtoken::Algorithm;
use sha2::{Digest as _, Sha256};

use super::SigningKey;
use super::aes_seal::AesSeal;

/// What the signing key signs to give the sealing key; Ed25519 signs the same way every time.
const PURPOSE: &[u8] = b"jan-server: seals for a while, version 1";

/// Seals under a key that follows from the signing key: nodes that sign alike open
/// what the others have sealed.
#[derive(Debug)]
pub struct KeySeal(AesSeal);

impl KeySeal {
    /// The seal of those who sign with this key.
    ///
    /// # Panics
    /// Never: an Ed25519 key signs any message.
    pub fn of(key: &SigningKey) -> Self {
        let signed = jsonwebtoken::crypto::sign(PURPOSE, &key.encoding, Algorithm::EdDSA);
        let signed = signed.expect("an Ed25519 key signs any message");
        let digest = Sha256::digest(signed.as_bytes());
        Self(AesSeal::new(&digest.into()))
    }
}

impl Seal for KeySeal {
    fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        self.0.seal(context, plain)
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.open(context, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_a_seal() {
        let key = SigningKey::ephemeral();
        let sealed = KeySeal::of(&key).seal("resp_1", b"token");
        assert!(!sealed.windows(5).any(|part| part == b"token"));
        let again = KeySeal::of(&key);
        assert_eq!(
            again.open("resp_1", &sealed).as_deref(),
            Some(&b"token"[..])
        );
        assert_eq!(again.open("resp_2", &sealed), None);
        assert_eq!(
            KeySeal::of(&SigningKey::ephemeral()).open("resp_1", &sealed),
            None
        );
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert_eq!(again.open("resp_1", &bent), None);
        assert_eq!(again.open("resp_1", b"short"), None);
        assert_ne!(again.seal("resp_1", b"token"), sealed);
    }
}
