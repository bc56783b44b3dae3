use std::time::Duration;

use futures::future::BoxFuture;

use crate::caller::Owner;
use crate::id::{NodeId, ResponseId};

/// Finds chat completions that may have lost their process. A hint from a read model: whether one is
/// really open is decided by its own stream.
pub trait OpenResponses: Send + Sync {
    /// Responses without an ending whose process is not among `living`, oldest first, at most
    /// `limit`.
    fn abandoned<'a>(
        &'a self,
        living: &'a [NodeId],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>>;
}

/// Finds runs that no living process carries. A hint, like [`OpenResponses`].
pub trait UnattendedRuns: Send + Sync {
    /// Runs without an ending, apart from those `held`, that wait for a process or whose process is
    /// not among the `others` that live, oldest first, at most `limit`.
    fn unattended<'a>(
        &'a self,
        others: &'a [NodeId],
        held: &'a [ResponseId],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>>;
}

/// Finds what an owner has under way. A hint, like [`OpenResponses`].
pub trait OpenWork: Send + Sync {
    /// The owner's responses without an ending.
    fn open_of<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>>;
}

/// Finds guests that nobody uses any more.
pub trait IdleGuests: Send + Sync {
    /// Guests that have done nothing for so long, oldest first, at most `limit`.
    fn idle(
        &self,
        longer_than: Duration,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Owner>, ReadFailure>>;
}

/// A read model could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the read model could not be read")]
pub struct ReadFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);
