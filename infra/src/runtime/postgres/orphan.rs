//! A postmaster that outlived the server that started it.

use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, test_kill_process};

use super::placement::Placement;
use crate::runtime::RuntimeError;
use crate::runtime::process::{self, StopSteps};

/// Fast shutdown with a checkpoint, then immediate shutdown, which only costs a recovery.
pub(crate) const STOP_STEPS: StopSteps = &[
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(5)),
];

/// Ends the postmaster that still runs on the cluster, if one does, so that the next one is our
/// child.
///
/// A lock file is removed if it is empty, or if its process id now belongs to a stranger or to a
/// dead process that init has not taken note of: Postgres would take each for a postmaster and
/// refuse to start. Its other guard stays, the shared memory that children of a dead postmaster
/// still hold.
pub(crate) async fn stop(placement: &Placement) -> Result<(), RuntimeError> {
    let lock_file = placement.cluster.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&lock_file) else {
        return Ok(());
    };
    let Some(pid) = first_number(&text) else {
        return remove(&lock_file);
    };
    if test_kill_process(pid).is_err_and(|error| error == Errno::SRCH) {
        return Ok(());
    }
    if !process::is_running(pid) || !is_postmaster_of(pid, &placement.cluster) {
        tracing::info!("removing {}, whose process is gone", lock_file.display());
        remove(&lock_file)?;
        return remove(&placement.sockets.join(".s.PGSQL.5432.lock"));
    }
    let number = pid.as_raw_nonzero().get().unsigned_abs();
    tracing::info!(
        child.pid = number,
        "stopping the Postgres of an earlier run"
    );
    if process::end(pid, STOP_STEPS).await {
        return Ok(());
    }
    Err(RuntimeError::Orphan {
        name: "Postgres",
        pid: number,
    })
}

fn first_number(lock_file: &str) -> Option<Pid> {
    process::pid_of(lock_file.lines().next()?.trim().parse().ok()?)
}

fn is_postmaster_of(pid: Pid, cluster: &Path) -> bool {
    let Some(command) = process::command_line(pid) else {
        return false;
    };
    let mut words = command.split_whitespace();
    words
        .next()
        .is_some_and(|program| program.ends_with("postgres"))
        && command.contains(&*cluster.to_string_lossy())
}

fn remove(path: &Path) -> Result<(), RuntimeError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(RuntimeError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
