//! Keeps a Postgres as `jan-server` does, and nothing else, to be killed by a test.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use jan_infra::runtime::{ChildState, EmbeddedPostgres, RuntimeSettings};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A throw-away Postgres under supervision.
///
/// The first line it prints is the process id of Postgres; it never stops by itself.
#[derive(Debug, Parser)]
#[command(name = "doomed-server")]
struct Cli {
    /// Where the database is made
    data_dir: PathBuf,

    /// Where `make setup` has put Postgres
    wheels_dir: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let mut settings = RuntimeSettings::new(&cli.data_dir, search_path).throw_away();
    settings.wheels_dir = cli.wheels_dir;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let postgres = EmbeddedPostgres::start(&settings, &tracker, &stop).await?;
    let state = postgres.state();
    let pid = match *state.borrow() {
        ChildState::Ready(pid) => Some(pid),
        _ => None,
    };
    writeln!(io::stdout(), "{}", pid.context("Postgres is not ready")?)?;
    io::stdout().flush()?;
    std::future::pending().await
}
