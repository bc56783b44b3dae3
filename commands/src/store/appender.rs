//! The writer in front of the log. Appends that arrive while all lanes are busy travel together in
//! one statement: a batched row costs Postgres a quarter of a single one. A lone append finds a free
//! lane and never waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use jan_domain::ports::IdGenerator;
use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::NewEvent;
use super::append::{self, AppendError, Failed};
use crate::metrics::AppendMetrics;

/// Bounds of the writer.
#[derive(Debug, Clone, Copy)]
pub struct AppenderLimits {
    /// Statements under way at once.
    pub lanes: usize,
    /// Appends that may wait; beyond it callers wait, nothing is dropped.
    pub queue: usize,
    /// Events in one statement.
    pub batch_events: usize,
    /// Tries of one append while the database is away.
    pub attempts: u32,
}

impl Default for AppenderLimits {
    fn default() -> Self {
        Self {
            lanes: 2,
            queue: 4096,
            batch_events: 256,
            attempts: 6,
        }
    }
}

/// Where an append ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The position of its last event.
    pub position: i64,
}

/// The log as writers see it. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    queue: mpsc::Sender<Unit>,
    ids: Arc<dyn IdGenerator>,
    pool: PgPool,
}

/// Events of one append: all or none.
struct Unit {
    events: Vec<NewEvent>,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
}

/// An append under way. It is carried out whether or not anyone waits for it.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<Appended, AppendError>>);

impl Future for Ticket {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(reply.unwrap_or(Err(AppendError::Unavailable(sqlx::Error::WorkerCrashed))))
    }
}

impl EventLog {
    /// Starts the writer. `committed` is notified after each commit, for readers on this node.
    pub fn start(
        pool: PgPool,
        ids: Arc<dyn IdGenerator>,
        committed: Arc<Notify>,
        limits: AppenderLimits,
        tracker: &TaskTracker,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(limits.queue);
        let writer = Arc::new(Writer {
            pool: pool.clone(),
            committed,
            limits,
            metrics: AppendMetrics::new(),
        });
        tracker.spawn(write_until_closed(writer, waiting, tracker.clone()));
        Self { queue, ids, pool }
    }

    /// Puts one append into the queue, waiting while it is full, and answers its ticket.
    ///
    /// Events of several streams may travel in one append; all are written or none.
    pub async fn submit(&self, events: Vec<NewEvent>) -> Ticket {
        let (reply, ticket) = oneshot::channel();
        let unit = Unit { events, reply };
        // A closed queue drops the reply, and the ticket then says that the log is unavailable.
        let _closed = self.queue.send(unit).await;
        Ticket(ticket)
    }

    pub(super) fn ids(&self) -> &dyn IdGenerator {
        self.ids.as_ref()
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }
}

struct Writer {
    pool: PgPool,
    committed: Arc<Notify>,
    limits: AppenderLimits,
    metrics: AppendMetrics,
}

async fn write_until_closed(
    writer: Arc<Writer>,
    mut waiting: mpsc::Receiver<Unit>,
    tracker: TaskTracker,
) {
    let lanes = Arc::new(Semaphore::new(writer.limits.lanes));
    while let Some(first) = waiting.recv().await {
        let lane = Arc::clone(&lanes)
            .acquire_owned()
            .await
            .expect("the lanes are never closed");
        let batch = gather(first, &mut waiting, writer.limits.batch_events);
        let writer = Arc::clone(&writer);
        tracker.spawn(async move {
            writer.write(batch).await;
            drop(lane);
        });
    }
}

fn gather(first: Unit, waiting: &mut mpsc::Receiver<Unit>, events_max: usize) -> Vec<Unit> {
    let mut events = first.events.len();
    let mut batch = vec![first];
    while events < events_max {
        let Ok(next) = waiting.try_recv() else { break };
        events += next.events.len();
        batch.push(next);
    }
    batch
}

impl Writer {
    /// Writes the batch in one statement; if that fails, each append on its own, so that one bad
    /// append never takes another with it.
    async fn write(&self, mut batch: Vec<Unit>) {
        if batch.len() == 1 {
            let Some(unit) = batch.pop() else { return };
            let outcome = self.write_one(&unit.events).await;
            self.answer(unit, outcome);
            return;
        }
        let events: Vec<&NewEvent> = batch.iter().flat_map(|unit| &unit.events).collect();
        match self.insert(&events).await {
            Ok(positions) => {
                let mut positions = positions.into_iter();
                for unit in batch {
                    let last = positions.by_ref().take(unit.events.len()).last();
                    self.answer(unit, appended(last));
                }
            }
            // The database is away, for all of them alike.
            Err(AppendError::Unavailable(error)) => {
                let reason = error.to_string();
                for unit in batch {
                    let error = sqlx::Error::Io(std::io::Error::other(reason.clone()));
                    self.answer(unit, Err(AppendError::Unavailable(error)));
                }
            }
            Err(AppendError::Conflict | AppendError::Rejected(_)) => {
                for unit in batch {
                    let outcome = self.write_one(&unit.events).await;
                    self.answer(unit, outcome);
                }
            }
        }
    }

    fn answer(&self, unit: Unit, outcome: Result<Appended, AppendError>) {
        if outcome.is_ok() {
            self.committed.notify_one();
        }
        // Whoever asked may have gone; the events are on record all the same.
        let _gone = unit.reply.send(outcome);
    }

    async fn write_one(&self, events: &[NewEvent]) -> Result<Appended, AppendError> {
        let events: Vec<&NewEvent> = events.iter().collect();
        appended(self.insert(&events).await?.last().copied())
    }

    /// Writes all events or none, trying again while the database is away.
    async fn insert(&self, events: &[&NewEvent]) -> Result<Vec<i64>, AppendError> {
        let mut attempt = 0;
        loop {
            let error = match append::insert(&self.pool, events).await {
                Ok(positions) => {
                    self.metrics.appended(events.len());
                    return Ok(positions);
                }
                Err(error) => error,
            };
            attempt += 1;
            let last = attempt >= self.limits.attempts;
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

    /// A taken key may be our own, written by an attempt whose answer was lost.
    async fn ours_or_conflict(&self, events: &[&NewEvent]) -> Result<Vec<i64>, AppendError> {
        let written = append::already_written(&self.pool, events).await;
        if let Some(positions) = written.map_err(AppendError::Unavailable)? {
            return Ok(positions);
        }
        self.metrics.conflicted();
        Err(AppendError::Conflict)
    }
}

fn appended(last: Option<i64>) -> Result<Appended, AppendError> {
    last.map(|position| Appended { position })
        .ok_or(AppendError::Rejected(sqlx::Error::RowNotFound))
}
