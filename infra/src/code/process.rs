use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The running program, also after its file was replaced: both sides then speak alike.
const ITSELF: &str = "/proc/self/exe";
/// What the allocator takes in advance: usually a gigabyte, by which no limit of the address space
/// would ever be felt.
const ARENA_KIB: &str = "16384";
/// The user and group that nobody's files belong to.
const NOBODY: u32 = 65_534;

/// A process for one program. It is killed when this goes.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) child: Child,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl Worker {
    /// Starts `program` as a worker of this kind: with an empty environment, at the root of the file
    /// system, with nothing but its three streams, and as nobody if we are root.
    pub(super) fn start(program: &Path, kind: &str) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["code-worker", kind])
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", ARENA_KIB)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut child = command.spawn()?;
        let pipe = "its streams are piped";
        Ok(Self {
            stdin: child.stdin.take().expect(pipe),
            stdout: child.stdout.take().expect(pipe),
            stderr: child.stderr.take().expect(pipe),
            child,
        })
    }

    /// Whether it still waits for its program.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// Where this program is, to be started again.
pub(super) fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok(PathBuf::from(ITSELF))
    } else {
        std::env::current_exe()
    }
}
