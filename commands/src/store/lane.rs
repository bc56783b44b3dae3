use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::Notify;

use super::NewEvent;
use super::append::{self, AppendError, Failed};
use super::unit::{Appended, AppenderLimits, Unit};
use crate::metrics::AppendMetrics;

/// Pools of at least this many connections can spare some for good.
const ROOMY: u32 = 12;

/// What all lanes have in common.
pub(super) struct Writer {
    pub(super) pool: PgPool,
    pub(super) committed: Arc<Notify>,
    pub(super) limits: AppenderLimits,
    pub(super) metrics: AppendMetrics,
}

/// Writes one batch at a time. It keeps its connection from one to the next: what Postgres knows of
/// the statement stays warm there, and a pool pings every connection it gets back.
pub(super) struct Lane {
    writer: Arc<Writer>,
    kept: Option<PoolConnection<Postgres>>,
}

/// What a lane has just done.
pub(super) struct Returned {
    pub(super) lane: Lane,
    pub(super) answered: usize,
    pub(super) took: Duration,
}

impl Lane {
    pub(super) fn new(writer: Arc<Writer>) -> Self {
        Self { writer, kept: None }
    }

    /// Gives the connection back to the pool.
    pub(super) fn rest(&mut self) {
        self.kept = None;
    }

    /// Writes the batch in one statement; if that fails, each append on its own, so that one bad
    /// append never takes another with it.
    pub(super) async fn carry(mut self, batch: Vec<Unit>) -> Returned {
        let began = Instant::now();
        let answered = batch.len();
        let (first, late) = part(batch);
        self.write(first).await;
        for unit in late {
            self.writer.metrics.conflicted();
            unit.answer(Err(AppendError::Conflict));
        }
        if self.writer.pool.options().get_max_connections() < ROOMY {
            self.rest();
        }
        Returned {
            lane: self,
            answered,
            took: began.elapsed(),
        }
    }

    async fn write(&mut self, batch: Vec<Unit>) {
        let events: Vec<&NewEvent> = batch.iter().flat_map(|unit| &unit.events).collect();
        match self.insert(&events).await {
            Ok(positions) => {
                self.writer.committed.notify_one();
                let mut positions = positions.into_iter();
                for unit in batch {
                    let last = positions.by_ref().take(unit.events.len()).last();
                    unit.answer(appended(last));
                }
            }
            // The database is away, for all of them alike.
            Err(AppendError::Unavailable(error)) => {
                let reason = error.to_string();
                for unit in batch {
                    let error = sqlx::Error::Io(std::io::Error::other(reason.clone()));
                    unit.answer(Err(AppendError::Unavailable(error)));
                }
            }
            Err(error) => match <[Unit; 1]>::try_from(batch) {
                Ok([lone]) => lone.answer(Err(error)),
                Err(batch) => self.write_each(batch).await,
            },
        }
    }

    async fn write_each(&mut self, batch: Vec<Unit>) {
        for unit in batch {
            let events: Vec<&NewEvent> = unit.events.iter().collect();
            let written = self.insert(&events).await;
            if written.is_ok() {
                self.writer.committed.notify_one();
            }
            unit.answer(written.and_then(|positions| appended(positions.last().copied())));
        }
    }

    /// Writes all events or none, trying again while the database is away.
    async fn insert(&mut self, events: &[&NewEvent]) -> Result<Vec<i64>, AppendError> {
        let mut attempt = 0;
        loop {
            let error = match self.try_insert(events).await {
                Ok(positions) => {
                    self.writer.metrics.appended(events.len());
                    return Ok(positions);
                }
                Err(error) => error,
            };
            attempt += 1;
            let last = attempt >= self.writer.limits.attempts;
            match append::classify(error) {
                Failed::StreamTaken => return self.ours_or_conflict(events).await,
                Failed::Final(error) => return Err(AppendError::Rejected(error)),
                Failed::Retryable(error) | Failed::InDoubt(error) if last => {
                    return Err(AppendError::Unavailable(error));
                }
                Failed::Retryable(_) | Failed::InDoubt(_) => {
                    tokio::time::sleep(Duration::from_millis(50 << attempt.min(6))).await;
                }
            }
        }
    }

    /// A connection that has failed goes back to the pool, which finds out whether it still works.
    async fn try_insert(&mut self, events: &[&NewEvent]) -> Result<Vec<i64>, sqlx::Error> {
        let written = append::insert(self.connection().await?, events).await;
        if written.is_err() {
            self.rest();
        }
        written
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let kept = match self.kept.take() {
            Some(kept) => kept,
            None => self.writer.pool.acquire().await?,
        };
        Ok(self.kept.insert(kept))
    }

    /// A taken key may be our own, written by an attempt whose answer was lost.
    async fn ours_or_conflict(&self, events: &[&NewEvent]) -> Result<Vec<i64>, AppendError> {
        let written = append::already_written(&self.writer.pool, events).await;
        if let Some(positions) = written.map_err(AppendError::Unavailable)? {
            return Ok(positions);
        }
        self.writer.metrics.conflicted();
        Err(AppendError::Conflict)
    }
}

/// Of appends that go to the same place of a stream only the first can succeed. The others would
/// fail the statement for all, and are told when the first is on record: then looking again helps.
fn part(batch: Vec<Unit>) -> (Vec<Unit>, Vec<Unit>) {
    let mut taken = HashSet::new();
    batch.into_iter().partition(|unit| {
        let place = |event: &NewEvent| {
            let stream = Arc::clone(&event.aggregate_id);
            (event.aggregate_type, stream, event.sequence)
        };
        let places: Vec<_> = unit.events.iter().map(place).collect();
        let free = !places.iter().any(|place| taken.contains(place));
        if free {
            taken.extend(places);
        }
        free
    })
}

fn appended(last: Option<i64>) -> Result<Appended, AppendError> {
    last.map(|position| Appended { position })
        .ok_or(AppendError::Rejected(sqlx::Error::RowNotFound))
}
