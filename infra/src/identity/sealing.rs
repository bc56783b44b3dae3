use jan_domain::ports::Seal;
use jsonwebtoken::Algorithm;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use super::SigningKey;

/// What the signing key signs to give the sealing key; Ed25519 signs the same way every time.
const PURPOSE: &[u8] = b"jan-server: seals for a while, version 1";

/// Seals with AES-256-GCM under a key that follows from the signing key: nodes that sign alike open
/// what the others have sealed.
#[derive(Debug)]
pub struct KeySeal(LessSafeKey);

impl KeySeal {
    /// The seal of those who sign with this key.
    ///
    /// # Panics
    /// Never: an Ed25519 key signs any message.
    pub fn of(key: &SigningKey) -> Self {
        let signed = jsonwebtoken::crypto::sign(PURPOSE, &key.encoding, Algorithm::EdDSA);
        let signed = signed.expect("an Ed25519 key signs any message");
        let digest = Sha256::digest(signed.as_bytes());
        let unbound = UnboundKey::new(&AES_256_GCM, &digest).expect("a digest has 32 bytes");
        Self(LessSafeKey::new(unbound))
    }
}

impl Seal for KeySeal {
    fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce);
        let mut sealed = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let done = self
            .0
            .seal_in_place_append_tag(unique, Aad::from(context), &mut sealed);
        done.expect("what we seal is short");
        [nonce.as_slice(), &sealed].concat()
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opened = sealed.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(context), &mut opened);
        Some(plain.ok()?.to_vec())
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
