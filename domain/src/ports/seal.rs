/// Seals what must not be read by whoever reads the database.
pub trait Seal: Send + Sync {
    /// Seals `plain`. Only under the same `context`, such as the row it belongs to, can it be opened.
    fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8>;

    /// Opens what was sealed; `None` if it was not sealed here, or for another context.
    fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>>;
}
