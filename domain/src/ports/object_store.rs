use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::media::{ObjectKey, ObjectPrefix};

/// Where the bytes of media lie. Keys are made here and are never anybody's words.
pub trait ObjectStore: Send + Sync {
    /// Writes bytes, in place of what lies there. When it answers they are there for good, and
    /// nobody ever reads half of them.
    fn put<'a>(
        &'a self,
        key: &'a ObjectKey,
        bytes: Bytes,
        media_type: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectFailure>>;

    /// The bytes; `None` if none lie there.
    fn get<'a>(&'a self, key: &'a ObjectKey)
    -> BoxFuture<'a, Result<Option<Bytes>, ObjectFailure>>;

    /// Deletes everything whose key begins so, and answers how much that was.
    fn delete_below<'a>(
        &'a self,
        prefix: &'a ObjectPrefix,
    ) -> BoxFuture<'a, Result<u64, ObjectFailure>>;

    /// An address under which whoever has it can read the bytes for a while; `None` where the store
    /// gives out none.
    fn presign<'a>(
        &'a self,
        key: &'a ObjectKey,
        served: &'a ServedAs,
        valid_for: Duration,
    ) -> BoxFuture<'a, Result<Option<String>, ObjectFailure>>;
}

/// As what bytes are handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedAs {
    /// `Content-Type`.
    pub media_type: String,
    /// `Content-Disposition`.
    pub disposition: String,
}

/// The object store could not do it.
#[derive(Debug, thiserror::Error)]
#[error("the object store cannot be used")]
pub struct ObjectFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);
