//! How far a build is, for whoever waits for it, wherever it runs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::error::ReadError;
use crate::generation::Status;

/// How often a watched build is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is being done for a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Whole streams are taken in.
    Loading,
    /// Indexes are made.
    Indexing,
    /// What happened meanwhile is folded in.
    CatchingUp,
    /// What was made is held against what its events make.
    Verifying,
    /// It waits for its moment to become live.
    Switching,
}

impl Phase {
    /// The stored and answered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Indexing => "indexing",
            Self::CatchingUp => "catching_up",
            Self::Verifying => "verifying",
            Self::Switching => "switching",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        named(name)
    }
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The read model.
    pub name: String,
    /// Which of its lives.
    pub generation: i32,
    /// Whether it is still being built, and what has become of it.
    pub status: Status,
    /// What is being done; none once it is done.
    pub phase: Option<Phase>,
    /// Events that are in.
    pub events_done: i64,
    /// Events there were when it began.
    pub events_total: i64,
    /// The last position it began with.
    pub target: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Time since then.
    pub elapsed: Duration,
    /// The process that builds it; none while it waits for one.
    pub owner: Option<String>,
    /// What went wrong.
    pub last_error: Option<String>,
}

impl Progress {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        self.status != Status::Building
    }

    /// Events taken in each second since it began.
    pub fn events_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            exact(self.events_done) / seconds
        } else {
            0.0
        }
    }

    /// How long loading will go on at this pace; none while that is unknown, or when it is over.
    pub fn time_left(&self) -> Option<Duration> {
        let rate = self.events_per_second();
        let left = exact((self.events_total - self.events_done).max(0));
        let loading = self.phase == Some(Phase::Loading) && rate > 0.0;
        loading.then(|| Duration::from_secs_f64((left / rate).min(1e9)))
    }
}

/// Counts of events are far below 2^52.
fn exact(count: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let exact = count as f64;
    exact
}

type Row = (
    i32,
    String,
    Option<String>,
    i64,
    i64,
    i64,
    DateTime<Utc>,
    f64,
    Option<String>,
    Option<String>,
);

/// The newest build of a read model, going on or over.
pub(crate) async fn progress(pool: &PgPool, name: &str) -> Result<Option<Progress>, ReadError> {
    find(pool, name, None).await
}

async fn find(
    pool: &PgPool,
    name: &str,
    generation: Option<i32>,
) -> Result<Option<Progress>, ReadError> {
    let sql = r"
        select generation, status, phase,
               coalesce((select sum(events_done)::bigint
                           from projection_shards as shard
                          where shard.name = build.name
                            and shard.generation = build.generation), event_count),
               events_total, target, started_at,
               extract(epoch from case when status = 'building' then clock_timestamp()
                                       else updated_at end - started_at)::float8,
               case when lease_until > clock_timestamp() then lease_owner end,
               last_error
          from projections as build
         where name = $1
           and generation = coalesce($2, generation)
           and started_at is not null
         order by generation desc
         limit 1";
    let row: Option<Row> = sqlx::query_as(sql)
        .bind(name)
        .bind(generation)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| read(name, row)))
}

fn read(name: &str, row: Row) -> Progress {
    let (generation, status, phase, done, total, target, started_at, seconds, owner, error) = row;
    Progress {
        name: name.to_owned(),
        generation,
        status: named(&status).unwrap_or(Status::Failed),
        phase: phase.as_deref().and_then(named),
        events_done: done,
        events_total: total,
        target,
        started_at,
        elapsed: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        owner,
        last_error: error,
    }
}

fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

/// Follows one build until it is over; ends early if it is gone.
pub(crate) fn watch(
    pool: PgPool,
    name: &'static str,
    generation: i32,
) -> impl Stream<Item = Result<Progress, ReadError>> + Send + use<> {
    stream::try_unfold((pool, None::<Progress>), move |(pool, last)| async move {
        if last.as_ref().is_some_and(Progress::is_over) {
            return Ok(None);
        }
        if last.is_some() {
            sleep(LOOK).await;
        }
        let found = find(&pool, name, Some(generation)).await?;
        Ok(found.map(|progress| (progress.clone(), (pool, Some(progress)))))
    })
}
