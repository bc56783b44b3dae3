//! The embedded runtime for real: real Postgres, the real model, real `kill -9`.

mod detect;
mod model;
mod postgres;
mod root;
mod vanish;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jan_infra::runtime::{ChildState, RuntimeSettings};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than any start or stop here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A data directory that goes away with the test.
struct ScratchDir(PathBuf);

impl ScratchDir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jan-runtime-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn settings(&self) -> RuntimeSettings {
        settings(&self.0)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

/// A throw-away data directory that shares the wheels of `make setup`.
fn settings(data_dir: &Path) -> RuntimeSettings {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let mut settings = RuntimeSettings::new(data_dir, search_path).throw_away();
    settings.wheels_dir = wheels_dir();
    settings
}

fn wheels_dir() -> PathBuf {
    let set_up = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.jan/runtime");
    std::env::var_os("JAN_TEST_RUNTIME_DIR").map_or_else(set_up, PathBuf::from)
}

/// Waits until the child answers as another process than `old`.
async fn pid_other_than(old: u32, mut state: watch::Receiver<ChildState>) -> u32 {
    let other = |state: &ChildState| matches!(state, ChildState::Ready(pid) if *pid != old);
    let found = timeout(PATIENCE, state.wait_for(other))
        .await
        .unwrap()
        .unwrap();
    let ChildState::Ready(pid) = *found else {
        unreachable!("waited for it")
    };
    pid
}

fn pid_of(state: &watch::Receiver<ChildState>) -> u32 {
    let ChildState::Ready(pid) = *state.borrow() else {
        panic!("the child is not ready")
    };
    pid
}

fn kill_9(pid: u32) {
    assert!(signal("-9", pid), "process {pid} is not there to be killed");
}

fn exists(pid: u32) -> bool {
    signal("-0", pid)
}

/// Waits until the process is gone and its parent has taken note.
fn assert_ends(pid: u32) {
    let deadline = Instant::now() + PATIENCE;
    while exists(pid) {
        assert!(Instant::now() < deadline, "process {pid} is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Does to a child's leash what no `kill -9` of the server alone can do.
fn cut_leash_of(pid: u32) {
    let ending = pid.to_string();
    let (leash, _) = processes()
        .into_iter()
        .find(|(_, words)| words.contains("jan-leash") && words.trim_end().ends_with(&ending))
        .expect("every child has a leash");
    kill_9(leash);
}

/// Every process with its command line.
fn processes() -> Vec<(u32, String)> {
    let script = "if [ -d /proc/self ]; then cd /proc; for pid in [0-9]*; do \
                  echo $pid $(tr '\\0' ' ' 2>/dev/null < $pid/cmdline); done; \
                  else ps -axwwo pid=,command=; fi";
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .filter_map(|(pid, words)| Some((pid.parse().ok()?, words.to_owned())))
        .collect()
}

/// The shell's own `kill`: the program of that name is not on every machine.
fn signal(signal: &str, pid: u32) -> bool {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("kill {signal} {pid}")])
        .stderr(Stdio::null());
    command.status().unwrap().success()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}
