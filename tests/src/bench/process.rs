use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than any of the programs takes to start, on a busy machine too.
const START_MAX: Duration = Duration::from_mins(1);

/// A program that has said where it listens. It ends with this value.
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
    /// Read no further, and kept open so that its writer never fails.
    _said: BufReader<tokio::process::ChildStdout>,
}

impl Process {
    /// Starts a program and waits until it prints a URL. What it complains of goes to `log`.
    pub(super) async fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let program = command.as_std().get_program().to_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut said = BufReader::new(child.stdout.take().context("its words are piped")?);
        let found = timeout(START_MAX, first_url(&mut said)).await;
        let address = found
            .context("it took too long")
            .flatten()
            .with_context(|| format!("{} does not serve", program.display()))
            .with_context(|| std::fs::read_to_string(log).unwrap_or_default())?;
        Ok(Self {
            child,
            address,
            _said: said,
        })
    }

    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("a program under test has ended")
    }

    pub(super) async fn end(mut self) {
        // It has nothing to lose, and if it is gone already that is what we want.
        let _gone = self.child.kill().await;
    }
}

async fn first_url(
    said: &mut BufReader<tokio::process::ChildStdout>,
) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(said.read_line(&mut line).await? > 0, "it ended");
        if let Some((_, url)) = line.split_once("http://") {
            let end = url.find(|c: char| c == '/' || c.is_whitespace());
            return Ok(url[..end.unwrap_or(url.len())].parse()?);
        }
    }
}

/// A program that Cargo puts beside this one.
pub(super) fn sibling(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(
        path.is_file(),
        "{} is missing: cargo build --release -p jan-api -p jan-tests --bins",
        path.display()
    );
    Ok(path)
}

/// Run by Cargo, brings the other programs up to date, so that nobody measures yesterday's server.
pub(super) async fn build_what_is_measured() -> anyhow::Result<()> {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return Ok(());
    };
    let mut command = Command::new(cargo);
    command.args(["build", "-p", "jan-api", "-p", "jan-tests"]);
    command.args(["--bin", "jan-server", "--bin", "scripted-model"]);
    command.args(["--bin", "scripted-tools"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let built = command.status().await?;
    ensure!(built.success(), "the programs under test do not build");
    Ok(())
}
