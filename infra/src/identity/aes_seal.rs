use jan_domain::ports::Seal;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Seals with AES-256-GCM: nonce, ciphertext, tag. Nonces are drawn, which is safe for some four
/// thousand million seals under one key.
#[derive(Debug)]
pub(super) struct AesSeal(LessSafeKey);

impl AesSeal {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes");
        Self(LessSafeKey::new(unbound))
    }
}

impl Seal for AesSeal {
    fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce);
        let tag_length = AES_256_GCM.tag_len();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + tag_length);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let unique = Nonce::assume_unique_for_key(nonce);
        let body = &mut sealed[NONCE_LEN..];
        let tag = self
            .0
            .seal_in_place_separate_tag(unique, Aad::from(context), body)
            .expect("what we seal is shorter than 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opened = sealed.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(context), &mut opened);
        let length = plain.ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}
