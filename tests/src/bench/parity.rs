//! What is on record after a load: every answered call, twice as an event and once as a row.

use std::time::Duration;

use anyhow::ensure;
use jan_infra::runtime::EmbeddedPostgres;
use serde::Serialize;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How long read models may take to catch up with a load.
const SETTLE_MAX: Duration = Duration::from_secs(30);
/// Between two looks. Each one wakes a backend whose time is not counted.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Rows that calls leave behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Rows {
    pub(super) events: i64,
    pub(super) completed: i64,
}

impl Rows {
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            events: self.events - before.events,
            completed: self.completed - before.completed,
        }
    }
}

/// How runs have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Endings {
    pub(super) completed: i64,
    /// In any other way.
    pub(super) others: i64,
    /// Of all of them, from their beginning.
    pub(super) events: i64,
}

impl Endings {
    pub(super) fn all(self) -> i64 {
        self.completed + self.others
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            completed: self.completed - before.completed,
            others: self.others - before.others,
            events: self.events - before.events,
        }
    }
}

/// Our own session on the measured database.
pub(super) struct Observer {
    session: Mutex<PgConnection>,
    /// The process behind it, whose time is not the server's.
    pub(super) backend: u32,
}

impl Observer {
    pub(super) async fn connect(postgres: &EmbeddedPostgres) -> anyhow::Result<Self> {
        let options = postgres.connect_options().disable_statement_logging();
        let mut session = PgConnection::connect_with(&options).await?;
        let backend: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut session)
            .await?;
        Ok(Self {
            session: Mutex::new(session),
            backend: backend.unsigned_abs(),
        })
    }

    /// Waits until every read model has passed the last position drawn.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let sql = r"
            select coalesce(min(position), 0)
                     >= coalesce(pg_sequence_last_value('events_position_seq'::regclass), 0)
              from projections";
        let deadline = Instant::now() + SETTLE_MAX;
        loop {
            let settled: bool = {
                let mut session = self.session.lock().await;
                sqlx::query_scalar(sql).fetch_one(&mut *session).await?
            };
            if settled {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the read models do not catch up");
            sleep(LOOK_EVERY).await;
        }
    }

    pub(super) async fn rows(&self) -> anyhow::Result<Rows> {
        let sql = r"
            select (select count(*) from events where aggregate_type = 'response'),
                   (select count(*) from responses where status = 'completed')";
        let mut session = self.session.lock().await;
        let (events, completed) = sqlx::query_as(sql).fetch_one(&mut *session).await?;
        Ok(Rows { events, completed })
    }

    pub(super) async fn endings(&self) -> anyhow::Result<Endings> {
        let sql = r"
            select count(*) filter (where event_type = 'ResponseCompleted'),
                   count(*) filter (where event_type in ('ResponseCancelled', 'ResponseFailed',
                                                         'ResponseIncomplete')),
                   count(*)
              from events
             where aggregate_type = 'response'";
        let mut session = self.session.lock().await;
        let (completed, others, events) = sqlx::query_as(sql).fetch_one(&mut *session).await?;
        Ok(Endings {
            completed,
            others,
            events,
        })
    }

    /// What runs have left beside their events, in words.
    pub(super) async fn left_by_runs(&self) -> anyhow::Result<String> {
        let sql = r"
            select (select count(*) from stream_log),
                   (select count(distinct response_id) from stream_log),
                   (select count(*) from run_secrets),
                   (select count(*) from effect_journal)";
        let mut session = self.session.lock().await;
        let (told, streams, secrets, effects): (i64, i64, i64, i64) =
            sqlx::query_as(sql).fetch_one(&mut *session).await?;
        Ok(format!(
            "{told} rows of {streams} streams in stream_log (kept for a day), {secrets} rows in \
             run_secrets, {effects} in effect_journal (kept for a week)"
        ))
    }

    pub(super) async fn leave(self) {
        // Postgres is stopped next, whatever it thinks of our farewell.
        let _gone = self.session.into_inner().close().await;
    }
}
