//! Keeps one child running: start, wait until it answers, restart with back-off, stop cleanly.

use std::future::Future;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::kill_process;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::RuntimeError;
use super::account::Account;
use super::leash::Leash;
use super::output::LastLines;
use super::process::{StopSteps, pid_of};

/// How often a child that never answered is tried before the start is called a failure.
const FIRST_TRIES: u32 = 4;
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A child that lived this long starts over with the shortest pause.
const PROVEN: Duration = Duration::from_mins(1);
/// Failed looks in a row after which a running child counts as hung.
const MISSED_LOOKS_MAX: u32 = 6;

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
    /// Starts the child and waits until it answers for the first time.
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
        let seat = Seat {
            state,
            stop,
            lines: LastLines::default(),
            tracker: tracker.clone(),
        };
        tracker.spawn(keep_running(plan, seat, first));
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

/// What the supervising task holds.
struct Seat {
    state: watch::Sender<ChildState>,
    stop: CancellationToken,
    lines: LastLines,
    tracker: TaskTracker,
}

enum Ending {
    Asked,
    Failed(RuntimeError),
}

type FirstVerdict = oneshot::Sender<Result<(), RuntimeError>>;

async fn keep_running<P: ChildPlan>(plan: P, seat: Seat, first: FirstVerdict) {
    let mut first = Some(first);
    let mut tries = 0;
    loop {
        let started = Instant::now();
        let Ending::Failed(failure) = live(&plan, &seat, &mut first).await else {
            break;
        };
        tries = if started.elapsed() > PROVEN {
            1
        } else {
            tries + 1
        };
        if tries >= FIRST_TRIES
            && let Some(first) = first.take()
        {
            // The caller may have given up waiting; then nobody is left to tell.
            let _told = first.send(Err(failure));
            break;
        }
        let pause = pause_after(tries);
        tracing::warn!(
            child.name = plan.name(),
            "{failure}\nstarting it again in {pause:?}"
        );
        seat.state.send_replace(ChildState::Pausing);
        tokio::select! {
            () = seat.stop.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    let name = plan.name();
    // The plan holds the lock on the data directory: it goes before anyone hears that we stopped.
    drop(plan);
    tracing::debug!(child.name = name, "supervision ended");
    seat.state.send_replace(ChildState::Stopped);
}

/// Doubles from half a second to half a minute.
fn pause_after(tries: u32) -> Duration {
    PAUSE_MIN
        .saturating_mul(1 << tries.saturating_sub(1).min(10))
        .min(PAUSE_MAX)
}

/// One life of the child, from its start to its end.
async fn live<P: ChildPlan>(plan: &P, seat: &Seat, first: &mut Option<FirstVerdict>) -> Ending {
    seat.state.send_replace(ChildState::Starting);
    seat.lines.forget();
    let command = tokio::select! {
        () = seat.stop.cancelled() => return Ending::Asked,
        command = plan.prepare() => command,
    };
    let (mut child, pid, leash) = match command.and_then(|command| spawn(plan, seat, command)) {
        Ok(started) => started,
        Err(failure) => return Ending::Failed(failure),
    };
    let ending = tokio::select! {
        status = child.wait() => Ending::Failed(ended(plan, seat, status).await),
        () = seat.stop.cancelled() => Ending::Asked,
        trouble = look_after(plan, seat, pid, first) => Ending::Failed(trouble),
    };
    end_child(plan, &mut child).await;
    if let Err(error) = leash.let_go().await {
        tracing::warn!(
            child.name = plan.name(),
            "its leash cannot be ended: {error}"
        );
    }
    ending
}

fn spawn<P: ChildPlan>(
    plan: &P,
    seat: &Seat,
    mut command: Command,
) -> Result<(Child, u32, Leash), RuntimeError> {
    let program = std::path::PathBuf::from(command.as_std().get_program());
    // Its own process group: a Ctrl-C on the terminal is for us, and we stop it in good order.
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(RuntimeError::io("start", &program))?;
    let pid = child
        .id()
        .expect("a child that was not waited for has an id");
    seat.lines
        .follow(plan.name(), child.stdout.take(), &seat.tracker);
    seat.lines
        .follow(plan.name(), child.stderr.take(), &seat.tracker);
    let leash = Leash::tie(pid, plan.manners().leash_signal, plan.account())
        .map_err(RuntimeError::io("start", std::path::Path::new("/bin/sh")))?;
    plan.note_started(pid);
    tracing::debug!(child.name = plan.name(), child.pid = pid, "started");
    Ok((child, pid, leash))
}

/// Waits until the child answers, then keeps asking. Returns only with bad news.
async fn look_after<P: ChildPlan>(
    plan: &P,
    seat: &Seat,
    pid: u32,
    first: &mut Option<FirstVerdict>,
) -> RuntimeError {
    let manners = plan.manners();
    let silent = |after: Duration| RuntimeError::Silent {
        name: plan.name(),
        seconds: after.as_secs(),
        tail: seat.lines.text(),
    };
    if timeout(manners.ready_within, until_it_answers(plan))
        .await
        .is_err()
    {
        return silent(manners.ready_within);
    }
    seat.state.send_replace(ChildState::Ready(pid));
    if let Some(first) = first.take() {
        // The caller may have given up waiting; its handle is gone then, and we will be stopped.
        let _told = first.send(Ok(()));
    } else {
        tracing::info!(child.name = plan.name(), child.pid = pid, "answers again");
    }
    let Some(every) = manners.look_every else {
        return std::future::pending().await;
    };
    let mut missed = 0;
    while missed < MISSED_LOOKS_MAX {
        sleep(every).await;
        missed = if plan.answers().await { 0 } else { missed + 1 };
    }
    silent(every * MISSED_LOOKS_MAX)
}

async fn until_it_answers<P: ChildPlan>(plan: &P) {
    while !plan.answers().await {
        sleep(Duration::from_millis(30)).await;
    }
}

/// Ends the child, if it has not ended by itself.
async fn end_child<P: ChildPlan>(plan: &P, child: &mut Child) {
    for (signal, patience) in plan.manners().stop {
        if let Some(pid) = child.id().and_then(pid_of) {
            // A child that ended in this moment cannot be signalled, and need not be.
            let _gone = kill_process(pid, *signal);
        }
        if timeout(*patience, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(child.name = plan.name(), "does not stop on {signal:?}");
    }
    if let Err(error) = child.kill().await {
        tracing::error!(child.name = plan.name(), "cannot be killed: {error}");
    }
}

async fn ended<P: ChildPlan>(
    plan: &P,
    seat: &Seat,
    status: std::io::Result<ExitStatus>,
) -> RuntimeError {
    // Its last words may still be in the pipe.
    sleep(Duration::from_millis(50)).await;
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    RuntimeError::Ended {
        name: plan.name(),
        status,
        tail: seat.lines.text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_half_a_minute() {
        let pauses: Vec<_> = (1..9).map(|tries| pause_after(tries).as_millis()).collect();
        assert_eq!(
            pauses,
            [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
        );
    }
}
