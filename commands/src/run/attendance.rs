use std::sync::Arc;

use tokio_util::sync::DropGuard;

use super::RunChannel;

/// How a caller attends to a response.
pub enum Attendance {
    /// It waits: the response is made for as long as this is held.
    Waiting {
        /// What is told.
        channel: Arc<RunChannel>,
        /// Dropped without an end, it stops the run.
        guard: DropGuard,
    },
    /// The response is made without it; [`follow`](super::follow) reads what is told.
    Away,
    /// It was asked for before, under the same key, and has ended.
    Before,
}
