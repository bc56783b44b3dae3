use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::ReadFailure;
use crate::caller::Owner;
use crate::id::MediaId;

/// What is known of all media at once. Hints from a read model: whether media is really due is decided
/// by its own stream.
pub trait MediaIndex: Send + Sync {
    /// How many bytes an owner keeps.
    fn bytes_of<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<u64, ReadFailure>>;

    /// Media whose time is over, and media that was given up and whose bytes may still lie there,
    /// longest first, at most `limit`.
    fn due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<(Owner, MediaId)>, ReadFailure>>;
}
