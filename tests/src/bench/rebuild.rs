//! What building read models anew costs, beside one statement of the database's own that makes the
//! same rows, and what live appends lose meanwhile.

use std::fmt::Display;
use std::io::{Write as _, stdout};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use sqlx::{ConnectOptions as _, PgPool};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::process::sibling;
use crate::database::Database;
use crate::synthetic::{EVENTS_OF_EACH, write_chats};

/// How long appends are counted before anything is built.
const QUIET: Duration = Duration::from_secs(5);
/// Connections that append.
const APPENDERS: i64 = 4;
/// Pause between two looks at the memory of a build.
const GLANCE: Duration = Duration::from_millis(50);

/// What to build from.
#[derive(Debug, Args)]
pub struct RebuildSettings {
    /// Events of the history
    #[arg(long, default_value_t = 1_000_000)]
    events: i64,
    /// Parts that are read at once
    #[arg(long, default_value_t = 4)]
    shards: u8,
}

/// A read model, and the statements that make its largest table in the database alone.
struct Subject {
    name: &'static str,
    baseline: [&'static str; 3],
}

const SUBJECTS: [Subject; 2] = [
    Subject {
        name: "conversations",
        baseline: [
            "create table baseline_items (like conversation_items)",
            r"
            insert into baseline_items
            select aggregate_id,
                   2 * (sequence - 2) + item.place,
                   item.value ->> 'id',
                   item.value::text,
                   (payload -> 'ItemsAppended' ->> 'at')::timestamptz
              from events
             cross join json_array_elements(payload -> 'ItemsAppended' -> 'items')
                        with ordinality as item (value, place)
             where aggregate_type = 'conversation'
               and event_type = 'ConversationItemsAppended'",
            "alter table baseline_items add primary key (conversation_id, ordinal)",
        ],
    },
    Subject {
        name: "usage",
        baseline: [
            "create table baseline_usage (like usage including all)",
            r"
            insert into baseline_usage
            select asked.payload -> 'Requested' -> 'call' -> 'owner' ->> 'tenant',
                   asked.payload -> 'Requested' -> 'call' -> 'owner' ->> 'account',
                   asked.payload -> 'Requested' -> 'call' ->> 'model',
                   (asked.payload -> 'Requested' ->> 'at')::timestamptz::date,
                   count(*), count(*), 0, 0,
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'input_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'cached_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'output_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'reasoning_tokens')::bigint)
              from events as asked
              join events as told using (aggregate_type, aggregate_id)
             where aggregate_type = 'response'
               and asked.sequence = 1
               and told.sequence = 2
             group by 1, 2, 3, 4",
            "analyze baseline_usage",
        ],
    },
];

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
    for subject in &SUBJECTS {
        measure(&pool, subject, settings).await?;
    }
    Ok(())
}

async fn measure(
    pool: &PgPool,
    subject: &Subject,
    settings: &RebuildSettings,
) -> anyhow::Result<()> {
    let kind = match subject.name {
        "usage" => "response",
        _ => "conversation",
    };
    let sql = "select count(*) from events where aggregate_type = $1";
    let events: i64 = sqlx::query_scalar(sql).bind(kind).fetch_one(pool).await?;
    let sql = r"
        insert into projections (name, generation, status, version)
        values ($1, 1, 'live', 1)
        on conflict do nothing";
    sqlx::query(sql).bind(subject.name).execute(pool).await?;

    let (alone, memory) = build(pool, subject.name, settings.shards).await?;
    let began = Instant::now();
    for sql in subject.baseline {
        sqlx::query(sql).execute(pool).await?;
    }
    let baseline = began.elapsed();

    let load = Load::start(pool, subject.name);
    sleep(QUIET).await;
    let quiet = load.rate_since((0, Instant::now().checked_sub(QUIET)));
    let before = (load.count(), Some(Instant::now()));
    let (loaded, _) = build(pool, subject.name, settings.shards).await?;
    let busy = load.rate_since(before);
    load.stop().await;

    let rate = |took: Duration| count(events) / took.as_secs_f64();
    say(format_args!(
        "{}: {events} events in {alone:.1?}: {:.0} events/s, peak memory {} MB",
        subject.name,
        rate(alone),
        memory / 1024
    ))?;
    say(format_args!(
        "  one statement of the database's own: {baseline:.1?}, {:.0} events/s: we are at {:.2} of it",
        rate(baseline),
        rate(alone) / rate(baseline)
    ))?;
    say(format_args!(
        "  with {APPENDERS} connections appending: {:.0} events/s; appends {quiet:.0}/s alone, \
         {busy:.0}/s meanwhile: {:.0} % lost",
        rate(loaded),
        100.0 * (1.0 - busy / quiet)
    ))
}

/// Builds in a process of its own; answers how long that took and its peak memory in kB.
async fn build(pool: &PgPool, name: &str, shards: u8) -> anyhow::Result<(Duration, u64)> {
    let began = Instant::now();
    let mut child = tokio::process::Command::new(sibling("jan-server")?)
        .args([
            "projections",
            "rebuild",
            name,
            "--shards",
            &shards.to_string(),
        ])
        .env_clear()
        .env(
            "DATABASE_URL",
            pool.connect_options().to_url_lossy().to_string(),
        )
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
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

/// Appends for as long as it is let.
struct Load {
    stop: Arc<AtomicBool>,
    appended: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Load {
    fn start(pool: &PgPool, name: &'static str) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            appended: Arc::default(),
            tasks: JoinSet::new(),
        };
        for task in 0..APPENDERS {
            let (pool, stop, appended) = (
                pool.clone(),
                Arc::clone(&load.stop),
                Arc::clone(&load.appended),
            );
            load.tasks.spawn(async move {
                for number in 0_i64.. {
                    if stop.load(Ordering::Relaxed)
                        || append(&pool, (name, task, number)).await.is_err()
                    {
                        return;
                    }
                    appended.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        load
    }

    fn count(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    fn rate_since(&self, (before, since): (u64, Option<Instant>)) -> f64 {
        let seconds = since.map_or(1.0, |since| since.elapsed().as_secs_f64());
        count((self.count() - before).cast_signed()) / seconds
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

/// One event of an account's: of no concern to what is built.
async fn append(pool: &PgPool, (name, task, number): (&str, i64, i64)) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata)
        select aggregate_type, $1, 1, event_type, event_version, payload, metadata
          from events
         where position = 1";
    sqlx::query(sql)
        .bind(format!("conv_load_{name}_{task}_{number}"))
        .execute(pool)
        .await?;
    Ok(())
}

/// Counts of events are far below 2^52.
fn count(number: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let exact = number as f64;
    exact
}

fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(stdout(), "{line}").context("nobody reads the report")
}
