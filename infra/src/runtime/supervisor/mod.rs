//! Keeps one child running: start, wait until it answers, restart with back-off, stop cleanly.

mod life;
mod restart;
mod seat;

use std::future::Future;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::restart::keep_running;
use self::seat::Seat;
use super::RuntimeError;
use super::account::Account;
use super::output::LastLines;
use super::process::StopSteps;

/// One program that the supervisor can keep running.
pub(crate) trait ChildPlan: Send + Sync + 'static {
    /// How it is called in logs and errors.
    fn name(&self) -> &'static str;
    /// Clears away what an earlier life left behind and says what to run.
    fn prepare(&self) -> impl Future<Output = Result<Command, RuntimeError>> + Send;
    /// Takes note of a new life, so that a later server can find it.
    fn note_started(&self, _pid: u32) {}
    /// Whether it answers now.
    fn answers(&self) -> impl Future<Output = bool> + Send;
    /// How it wants to be treated.
    fn manners(&self) -> Manners;
    /// The user it runs as, if not ours.
    fn account(&self) -> Option<&Account> {
        None
    }
}

/// How a child wants to be waited for, looked after and stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// How long a start may take.
    pub(crate) ready_within: Duration,
    /// How often a running child is asked whether it is well; never, if its exit says enough.
    pub(crate) look_every: Option<Duration>,
    /// What ends it.
    pub(crate) stop: StopSteps,
    /// The name of the signal it gets when we are gone without a word.
    pub(crate) leash_signal: &'static str,
}

/// What the supervisor is doing with the child right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// Started, not answering yet.
    Starting,
    /// Answering, with this process id.
    Ready(u32),
    /// Ended by itself; a new start follows after a pause.
    Pausing,
    /// Ended for good.
    Stopped,
}

/// A child under supervision. Dropping it stops the child in the background.
#[derive(Debug)]
pub(crate) struct Supervised {
    state: watch::Receiver<ChildState>,
    stop: DropGuard,
}

impl Supervised {
    /// Starts the child and waits until it answers for the first time. If it does not, nothing of
    /// it is left when the error arrives.
    pub(crate) async fn start<P: ChildPlan>(
        plan: P,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> Result<Self, RuntimeError> {
        let name = plan.name();
        let stop = cancel.child_token();
        let (state, watched) = watch::channel(ChildState::Starting);
        let (first, verdict) = oneshot::channel();
        let supervised = Self {
            state: watched,
            stop: stop.clone().drop_guard(),
        };
        let (lines, first) = (LastLines::default(), Some(first));
        let seat = Seat {
            state,
            stop,
            lines,
            tracker: tracker.clone(),
            first,
        };
        tracker.spawn(keep_running(plan, seat));
        verdict
            .await
            .unwrap_or(Err(RuntimeError::StoppedEarly { name }))?;
        Ok(supervised)
    }

    /// What is going on, now and later.
    pub(crate) fn state(&self) -> watch::Receiver<ChildState> {
        self.state.clone()
    }

    /// Stops the child and waits until it is gone.
    pub(crate) async fn stop(self) {
        let Self { mut state, stop } = self;
        drop(stop);
        // An error means that the supervising task is gone, and so is everything to wait for.
        let _gone = state.wait_for(|state| *state == ChildState::Stopped).await;
    }
}
