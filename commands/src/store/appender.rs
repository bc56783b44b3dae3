//! The writer in front of the log. Appends that come close together travel together in one
//! statement: a batched row costs Postgres a quarter of a single one, and a commit as much as ten
//! rows. A lone append never waits. `timetable` says who leaves when, `lane` carries them.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{IdGenerator, KeyFailure, Keyring, NoKeys};
use sqlx::PgPool;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::NewEvent;
use super::append::AppendError;
use super::lane::{Lane, Returned, Writer};
use super::snapshot::SnapshotKeeper;
use super::timetable::{Timetable, Waiting};
use super::unit::{AppenderLimits, Ticket, Unit};
use crate::metrics::AppendMetrics;

/// The log as writers see it. Cheap to clone.
#[derive(Clone)]
pub struct EventLog(Arc<Entrance>);

struct Entrance {
    queue: mpsc::Sender<Unit>,
    ids: Arc<dyn IdGenerator>,
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
    snapshots: SnapshotKeeper,
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
        let (queue, arrivals) = mpsc::channel(limits.queue);
        let writer = Writer {
            pool: pool.clone(),
            committed,
            limits,
            metrics: AppendMetrics::new(),
        };
        tracker.spawn(Departures::new(writer, arrivals).run());
        let keyring = Arc::new(NoKeys);
        Self(Arc::new(Entrance {
            queue,
            ids,
            snapshots: SnapshotKeeper::start(pool.clone(), tracker),
            pool,
            keyring,
        }))
    }

    /// The same log, in which what is personal is sealed under the keys of this ring.
    #[must_use]
    pub fn sealed_by(&self, keyring: Arc<dyn Keyring>) -> Self {
        Self(Arc::new(Entrance {
            queue: self.0.queue.clone(),
            ids: Arc::clone(&self.0.ids),
            pool: self.0.pool.clone(),
            snapshots: self.0.snapshots.clone(),
            keyring,
        }))
    }

    /// Puts one append into the queue, waiting while it is full, and answers its ticket.
    ///
    /// Events of several streams may travel in one append; all are written or none.
    pub async fn submit(&self, mut events: Vec<NewEvent>) -> Ticket {
        let sealed = self.seal(&mut events).await;
        let (unit, ticket) = Unit::new(events);
        match sealed {
            Err(failure) => unit.answer(Err(AppendError::NoKey(failure))),
            // A closed queue drops the unit, and the ticket then says that the log is unavailable.
            Ok(()) => drop(self.0.queue.send(unit).await),
        }
        ticket
    }

    async fn seal(&self, events: &mut [NewEvent]) -> Result<(), KeyFailure> {
        for event in events {
            event.seal(self.keyring()).await?;
        }
        Ok(())
    }

    pub(super) fn ids(&self) -> &dyn IdGenerator {
        self.0.ids.as_ref()
    }

    pub(super) fn keyring(&self) -> &dyn Keyring {
        self.0.keyring.as_ref()
    }

    pub(super) fn shared_keyring(&self) -> Arc<dyn Keyring> {
        Arc::clone(&self.0.keyring)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub(super) fn snapshots(&self) -> &SnapshotKeeper {
        &self.0.snapshots
    }
}

/// Silence after which the lanes give their connections back.
const REST_AFTER: Duration = Duration::from_secs(1);

/// Sends batches off, each on a lane that is free.
struct Departures {
    writer: Arc<Writer>,
    arrivals: mpsc::Receiver<Unit>,
    /// Whether somebody can still append.
    open: bool,
    batch: Vec<Unit>,
    batch_events: usize,
    batch_since: Instant,
    timetable: Timetable,
    free: Vec<Lane>,
    under_way: JoinSet<Returned>,
    /// Appends under way.
    travelling: usize,
}

impl Departures {
    fn new(writer: Writer, arrivals: mpsc::Receiver<Unit>) -> Self {
        let writer = Arc::new(writer);
        let lane = || Lane::new(Arc::clone(&writer));
        let now = Instant::now();
        Self {
            free: std::iter::repeat_with(lane)
                .take(writer.limits.lanes.max(1))
                .collect(),
            writer,
            arrivals,
            open: true,
            batch: Vec::new(),
            batch_events: 0,
            batch_since: now,
            timetable: Timetable::new(now),
            under_way: JoinSet::new(),
            travelling: 0,
        }
    }

    /// Runs until nobody can append any more and everything is written.
    async fn run(mut self) {
        while self.open || !self.batch.is_empty() || !self.under_way.is_empty() {
            let now = Instant::now();
            let waiting = self.waiting();
            let full = self.batch_events >= self.writer.limits.batch_events;
            if (full || !self.open || self.timetable.leaves(waiting, now)) && self.depart() {
                continue;
            }
            let next_look = if self.batch.is_empty() {
                now + REST_AFTER
            } else {
                self.timetable.next_look(waiting).max(now)
            };
            tokio::select! {
                arrived = self.arrivals.recv(), if self.open && !full => self.take_in(arrived, now),
                Some(returned) = self.under_way.join_next() => self.take_back(returned),
                () = sleep_until(next_look), if !self.free.is_empty() => self.rest_if_idle(),
            }
        }
    }

    fn waiting(&self) -> Waiting {
        Waiting {
            appends: self.batch.len(),
            since: self.batch_since,
            travelling: self.travelling,
        }
    }

    fn take_in(&mut self, arrived: Option<Unit>, now: Instant) {
        self.open = arrived.is_some();
        if self.batch.is_empty() {
            self.batch_since = now;
        }
        self.batch_events += arrived.as_ref().map_or(0, |unit| unit.events.len());
        self.batch.extend(arrived);
    }

    /// Sends the batch off, if there is one and a lane for it.
    fn depart(&mut self) -> bool {
        if self.batch.is_empty() {
            return false;
        }
        let Some(lane) = self.free.pop() else {
            return false;
        };
        let batch = std::mem::take(&mut self.batch);
        self.batch_events = 0;
        self.travelling += batch.len();
        self.under_way.spawn(lane.carry(batch));
        true
    }

    fn take_back(&mut self, returned: Result<Returned, JoinError>) {
        // A lane that has panicked has told those it carried by dropping their replies.
        let returned = returned.unwrap_or_else(|_| Returned {
            lane: Lane::new(Arc::clone(&self.writer)),
            answered: 0,
            took: Duration::ZERO,
        });
        self.travelling -= returned.answered;
        if self.under_way.is_empty() {
            self.travelling = 0;
        }
        let (waiting, now) = (self.batch.len(), Instant::now());
        self.timetable
            .returned(waiting, returned.answered, returned.took, now);
        self.free.push(returned.lane);
    }

    fn rest_if_idle(&mut self) {
        if self.batch.is_empty() {
            self.free.iter_mut().for_each(Lane::rest);
        }
    }
}
