use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ChildState;
use crate::runtime::RuntimeError;
use crate::runtime::output::LastLines;

/// What the supervising task holds.
pub(super) struct Seat {
    pub(super) state: watch::Sender<ChildState>,
    pub(super) stop: CancellationToken,
    pub(super) lines: LastLines,
    pub(super) tracker: TaskTracker,
    /// Who waits for the first start; nobody once it was told.
    pub(super) first: Option<oneshot::Sender<Result<(), RuntimeError>>>,
}
