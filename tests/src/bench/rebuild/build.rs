use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::process::Command;
use tokio::time::sleep;

use crate::bench::process::sibling;

/// Pause between two looks at the memory of a build.
const GLANCE: Duration = Duration::from_millis(50);

/// The command line, at this database and nothing else.
pub(super) fn jan_server(pool: &PgPool, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(sibling("jan-server")?);
    command
        .args(arguments)
        .env_clear()
        .env(
            "DATABASE_URL",
            pool.connect_options().to_url_lossy().to_string(),
        )
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Builds in a process of its own; answers how long that took and its peak memory in kB.
pub(super) async fn build(
    pool: &PgPool,
    name: &str,
    shards: u8,
) -> anyhow::Result<(Duration, u64)> {
    let began = Instant::now();
    let shards = shards.to_string();
    let mut child = jan_server(pool, &["projections", "rebuild", name, "--shards", &shards])?
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id().context("it has just begun")?);
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        peak = peak.max(peak_memory(&status));
        sleep(GLANCE).await;
    };
    ensure!(ended.success(), "the build of {name} failed");
    Ok((began.elapsed(), peak))
}

fn peak_memory(status: &str) -> u64 {
    // A process that has just ended has no status any more.
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.unwrap_or(0)
}
