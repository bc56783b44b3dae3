use std::sync::Arc;

use super::Seal;

/// The keys that wrap the keys of owners. They are never in the database.
pub trait MasterKeys: Send + Sync {
    /// The names of all that are here; the first wraps what is new.
    fn names(&self) -> Vec<&str>;

    /// A new key, wrapped. Only under the same `context`, such as whose key it is, is it unwrapped.
    fn make(&self, context: &str) -> (Arc<dyn Seal>, WrappedKey);

    /// The key inside; `None` if it was not wrapped by a master key that is here, or for another
    /// context.
    fn unwrap(&self, context: &str, key: &WrappedKey) -> Option<Arc<dyn Seal>>;

    /// The same key, wrapped by the first master key.
    fn rewrap(&self, context: &str, key: &WrappedKey) -> Option<WrappedKey>;
}

/// A key that can lie in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The master key around it.
    pub master: String,
    /// The key, sealed.
    pub wrapped: Vec<u8>,
}
