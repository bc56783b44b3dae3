//! One life of a child, from its start to its end.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::kill_process;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::seat::Seat;
use super::{ChildPlan, ChildState};
use crate::runtime::RuntimeError;
use crate::runtime::leash::Leash;
use crate::runtime::process::pid_of;

/// Failed looks in a row after which a running child counts as hung.
const MISSED_LOOKS_MAX: u32 = 6;

/// How a life ended.
pub(super) enum Ending {
    /// We were asked to stop.
    Asked,
    /// It ended by itself, or had to be ended.
    Failed(RuntimeError),
}

/// One life of the child, from its start to its end.
pub(super) async fn live<P: ChildPlan>(plan: &P, seat: &mut Seat) -> Ending {
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
    let stop = seat.stop.clone();
    let ending = tokio::select! {
        status = child.wait() => Ending::Failed(ended(plan, seat, status).await),
        () = stop.cancelled() => Ending::Asked,
        trouble = look_after(plan, seat, pid) => Ending::Failed(trouble),
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
    let program = PathBuf::from(command.as_std().get_program());
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
    let leash = match Leash::tie(pid, plan.manners().leash_signal, plan.account()) {
        Ok(leash) => leash,
        Err(error) => {
            // Without a leash it could outlive us, so it does not live at all.
            let _killed = child.start_kill();
            return Err(RuntimeError::io("start", Path::new("/bin/sh"))(error));
        }
    };
    plan.note_started(pid);
    tracing::debug!(child.name = plan.name(), child.pid = pid, "started");
    Ok((child, pid, leash))
}

/// Waits until the child answers, then keeps asking. Returns only with bad news.
async fn look_after<P: ChildPlan>(plan: &P, seat: &mut Seat, pid: u32) -> RuntimeError {
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
    if let Some(first) = seat.first.take() {
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
