//! What building read models anew costs, beside one statement of the database's own that makes the
//! same rows, and what live appends lose meanwhile; what sealing and checking the log cost, beside
//! reading it; what long streams take to load; and a build that is killed twice and finished while a
//! load runs.

mod appends;
mod build;
mod killed;
mod sealed;
mod snapshots;
mod subject;

use std::fmt::Display;
use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use sqlx::PgPool;

use crate::database::Database;
use crate::synthetic::{EVENTS_OF_EACH, write_chats};

/// What to build from.
#[derive(Debug, Args)]
pub struct RebuildSettings {
    /// Events of the history
    #[arg(long, default_value_t = 1_000_000)]
    events: i64,
    /// Parts that are read at once
    #[arg(long, default_value_t = 4)]
    shards: u8,
    /// Instead: build once, killed twice on the way, while others append
    #[arg(long)]
    killed_twice: bool,
}

/// Measures everything once and prints it.
pub async fn run_rebuild(settings: &RebuildSettings) -> anyhow::Result<()> {
    let database = Database::fresh().await;
    let pool = database.pool(16).await;
    let chats = (settings.events / EVENTS_OF_EACH).max(1);
    let events = chats * EVENTS_OF_EACH;
    let began = Instant::now();
    write_chats(&pool, 0, chats).await?;
    sqlx::query("vacuum analyze events").execute(&pool).await?;
    say(format_args!(
        "{events} events written in {:.1?}",
        began.elapsed()
    ))?;
    if settings.killed_twice {
        return killed::run(&pool, settings.shards).await;
    }
    for subject in &subject::SUBJECTS {
        subject.measure(&pool, settings.shards).await?;
    }
    sealed::measure(&pool).await?;
    snapshots::measure(&pool).await
}

/// What the first start of a server would enter.
async fn enter_live(pool: &PgPool, name: &str) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into projections (name, generation, status, version)
        values ($1, 1, 'live', 1)
        on conflict do nothing";
    sqlx::query(sql).bind(name).execute(pool).await?;
    Ok(())
}

/// Counts of events are far below 2^52.
fn count(number: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let exact = number as f64;
    exact
}

fn rate(events: i64, took: Duration) -> f64 {
    count(events) / took.as_secs_f64()
}

fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(stdout(), "{line}").context("nobody reads the report")
}
