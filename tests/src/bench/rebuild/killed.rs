use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::appends::{APPENDERS, Appends};
use super::build::jan_server;
use super::{count, enter_live, say};

const NAME: &str = "conversations";
/// Pause between two looks at how far a build is.
const GLANCE: Duration = Duration::from_millis(20);
/// The parts of the history after which the build is killed, in percent.
const KILLED_AT: [i64; 2] = [30, 65];

/// Tells a session: a build that dies twice and is finished, while others append.
pub(super) async fn run(pool: &PgPool, shards: u8) -> anyhow::Result<()> {
    enter_live(pool, NAME).await?;
    let appends = Appends::start(pool, NAME);
    let first = appends.quiet_rate().await;
    say(format_args!(
        "{APPENDERS} connections append: {first:.0} events/s"
    ))?;
    let (before, began) = (appends.mark(), Instant::now());
    for percent in KILLED_AT {
        let child = rebuild(pool, shards)?;
        kill_at(pool, child, percent).await?;
    }
    let mut child = rebuild(pool, shards)?;
    ensure!(child.wait().await?.success(), "the build failed");
    let (took, busy) = (began.elapsed(), appends.rate_since(before));
    let after = appends.quiet_rate().await;
    let lost = 100.0 * (1.0 - busy / f64::midpoint(first, after));
    say(format_args!(
        "live after {took:.1?}; appends meanwhile: {busy:.0} events/s, {after:.0} after: {lost:.0} % lost"
    ))?;
    let appended = appends.stop().await;
    let sql = "select count(*) from events where aggregate_id like 'conv_load_%'";
    let kept: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
    say(format_args!(
        "{appended} appends were acknowledged, {kept} are on record"
    ))?;
    ensure!(kept.unsigned_abs() >= appended, "appends were lost");
    say("$ jan-server projections verify conversations")?;
    let verified = jan_server(pool, &["projections", "verify", NAME])?
        .status()
        .await?;
    ensure!(verified.success(), "the rows are not those of the log");
    Ok(())
}

/// Begins the build, or goes on with it; what it tells is passed on.
fn rebuild(pool: &PgPool, shards: u8) -> anyhow::Result<Child> {
    say(format_args!(
        "$ jan-server projections rebuild {NAME} --shards {shards}"
    ))?;
    let shards = shards.to_string();
    let mut child = jan_server(pool, &["projections", "rebuild", NAME, "--shards", &shards])?
        .stderr(Stdio::piped())
        .spawn()?;
    let told = child.stderr.take().context("it is piped")?;
    // It ends with the child.
    TaskTracker::new().spawn(async move {
        let mut lines = BufReader::new(told).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if say(format_args!("  {line}")).is_err() {
                return;
            }
        }
    });
    Ok(child)
}

async fn kill_at(pool: &PgPool, mut child: Child, percent: i64) -> anyhow::Result<()> {
    let sql = r"
        select coalesce(sum(events_done), 0)::bigint, coalesce(max(events_total), 1)
          from projections
          join projection_shards using (name, generation)
         where name = $1
           and status = 'building'";
    loop {
        ensure!(child.try_wait()?.is_none(), "it ended before it was killed");
        let (done, total): (i64, i64) = sqlx::query_as(sql).bind(NAME).fetch_one(pool).await?;
        if done * 100 >= total * percent {
            child.kill().await?;
            say(format_args!(
                "killed with SIGKILL at {done} of {total} events ({:.0} %)",
                100.0 * count(done) / count(total)
            ))?;
            return tell_parts(pool).await;
        }
        sleep(GLANCE).await;
    }
}

async fn tell_parts(pool: &PgPool) -> anyhow::Result<()> {
    let sql = r"
        select shard, events_done, cursor
          from projection_shards
          join projections using (name, generation)
         where name = $1
           and status = 'building'
         order by shard";
    let parts: Vec<(i32, i64, String)> = sqlx::query_as(sql).bind(NAME).fetch_all(pool).await?;
    for (part, done, cursor) in parts {
        say(format_args!("  part {part}: {done} events, up to {cursor}"))?;
    }
    Ok(())
}
