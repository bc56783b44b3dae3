/// Signs what others must be able to check later, with Ed25519.
pub trait Signer: Send + Sync {
    /// The half of the key that checks.
    fn public_key(&self) -> [u8; 32];

    /// The signature of these very bytes.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}
