//! What the operating system knows about processes that are not our children.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

/// Signals to send one after the other, each with the time it is given to work.
pub(crate) type StopSteps = &'static [(Signal, Duration)];

/// The process id of a number read from a file, if it can be one.
pub(crate) fn pid_of(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Whether the process exists and is not a zombie waiting for a parent that does not look.
pub(crate) fn is_running(pid: Pid) -> bool {
    state_of(pid).is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Ends a process that is not our child. Says whether it is gone.
pub(crate) async fn end(pid: Pid, steps: StopSteps) -> bool {
    for (signal, patience) in steps {
        // A process that is gone already is what we want.
        let _gone = kill_process(pid, *signal);
        let deadline = Instant::now() + *patience;
        while Instant::now() < deadline {
            if !is_running(pid) {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    !is_running(pid)
}

/// When the process started, in the operating system's own terms: only good for comparing.
#[cfg(target_os = "linux")]
pub(crate) fn started_at(pid: Pid) -> Option<String> {
    stat_field(pid, 19)
}

/// The command line of the process, its words separated by blanks.
#[cfg(target_os = "linux")]
pub(crate) fn command_line(pid: Pid) -> Option<String> {
    let words = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    Some(String::from_utf8_lossy(&words).replace('\0', " "))
}

#[cfg(target_os = "linux")]
fn state_of(pid: Pid) -> Option<String> {
    stat_field(pid, 0)
}

/// A field of `/proc/<pid>/stat`, counted from the state, which follows the bracketed name.
#[cfg(target_os = "linux")]
fn stat_field(pid: Pid, index: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(index).map(str::to_owned)
}

/// When the process started, in the operating system's own terms: only good for comparing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn started_at(pid: Pid) -> Option<String> {
    ps_column(pid, "lstart=")
}

/// The command line of the process, its words separated by blanks.
#[cfg(not(target_os = "linux"))]
pub(crate) fn command_line(pid: Pid) -> Option<String> {
    ps_column(pid, "command=")
}

#[cfg(not(target_os = "linux"))]
fn state_of(pid: Pid) -> Option<String> {
    ps_column(pid, "state=")
}

#[cfg(not(target_os = "linux"))]
fn ps_column(pid: Pid, column: &str) -> Option<String> {
    let number = pid.as_raw_nonzero().to_string();
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", column, "-p", &number])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
