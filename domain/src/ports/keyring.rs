use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::Seal;
use crate::caller::Owner;

/// The data keys of owners. What is personal in an event is sealed under its owner's key; destroying
/// the key erases all of it, wherever it was copied to.
pub trait Keyring: Send + Sync {
    /// The key for what is new of `owner`, made when it has none yet; `None` where nothing is
    /// sealed. An erased owner gets one that nobody keeps: what comes late is lost.
    fn key_of<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Option<OwnerKey>, KeyFailure>>;

    /// What became of a key, if that is remembered here.
    fn remembered(&self, id: &str) -> Option<KeyState>;

    /// What became of these keys; those that never were are missing.
    fn find<'a>(
        &'a self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, KeyState>, KeyFailure>>;
}

/// A key to seal under.
#[derive(Clone)]
pub struct OwnerKey {
    /// By this name it is found again.
    pub id: Arc<str>,
    /// What it does.
    pub seal: Arc<dyn Seal>,
}

/// What became of a key.
#[derive(Clone)]
pub enum KeyState {
    /// It opens what it has sealed.
    Held(Arc<dyn Seal>),
    /// Its owner was erased.
    Destroyed,
}

/// Keys could not be had: the database does not answer, or they are wrapped by a master key that is
/// not here.
#[derive(Debug, thiserror::Error)]
#[error("the keys of owners cannot be had")]
pub struct KeyFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// No keys at all: nothing is sealed, and nothing sealed can be opened.
#[derive(Debug, Clone, Copy)]
pub struct NoKeys;

impl Keyring for NoKeys {
    fn key_of<'a>(
        &'a self,
        _owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Option<OwnerKey>, KeyFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn remembered(&self, _id: &str) -> Option<KeyState> {
        None
    }

    fn find<'a>(
        &'a self,
        _ids: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, KeyState>, KeyFailure>> {
        Box::pin(std::future::ready(Ok(HashMap::new())))
    }
}
