//! Ends a child when this process is gone, however it went: `kill -9` included.

use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::account::Account;

/// Waits for the end of its input, which only we hold open, then signals the child.
const SCRIPT: &str = r#"while read -r _; do :; done; kill -s "$1" "$2" 2>/dev/null"#;

/// A shell that watches over one child. It signals the child when it is dropped, be it with the
/// task that holds it or with the whole process, unless [`let_go`](Self::let_go) came first.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
}

impl Leash {
    /// Ties the child: should we vanish, it receives the signal (a name like `TERM`).
    pub(crate) fn tie(pid: u32, signal: &str, account: Option<&Account>) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "jan-leash", signal, &pid.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        if let Some(account) = account {
            account.apply(&mut command);
        }
        Ok(Self {
            shell: command.spawn()?,
        })
    }

    /// Ends the watch over a child that ended: its process id may soon be somebody else's.
    pub(crate) async fn let_go(mut self) -> io::Result<()> {
        self.shell.kill().await
    }
}
