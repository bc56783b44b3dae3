//! The loop behind every read model: a page, a fold in memory, one transaction for the rows and
//! the checkpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use sqlx::{Connection, PgPool};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::feed::{Entry, EventPage, Feed, FeedError};
use crate::generation::{self, Status};
use crate::kept::Kept;
use crate::lease::{Claim, Lease, LeaseError};
use crate::metrics::Metrics;
use crate::parking::{self, ParkedEvent, ParkedStreams};
use crate::projection::{Definition, Folding};
use crate::skipped::Skipped;

/// Times an event is tried on its own before it is parked.
const ATTEMPTS: i32 = 3;
/// Pause before trying an event again; doubled each time.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a node without the lease asks for it, and how long one rests after an outage.
const CLAIM_PAUSE: Duration = Duration::from_secs(1);

/// Keeps one read model up to date while this node holds its lease.
pub(crate) struct Projector {
    pub(crate) pool: PgPool,
    pub(crate) feed: Arc<Feed>,
    pub(crate) definition: Definition,
    pub(crate) claim: Claim,
    /// Where the projection stands while it runs here; `None` while it does not.
    pub(crate) position: watch::Sender<Option<i64>>,
    pub(crate) metrics: Metrics,
}

/// Why a projector stopped following the feed.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error("the lease was lost")]
    LeaseLost,
    #[error("the feed has stopped")]
    FeedStopped,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<LeaseError> for Interruption {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost => Self::LeaseLost,
            LeaseError::Database(error) => Self::Database(error),
        }
    }
}

impl From<FeedError> for Interruption {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Stopped => Self::FeedStopped,
            FeedError::Database(error) => Self::Database(error),
        }
    }
}

impl Projector {
    /// An alarm on a counter that first appears with its first increment would miss that one.
    fn show_parked_from_zero(&self) {
        self.metrics.events_parked.add(0, &self.attribute());
    }

    /// What its measurements are told apart by.
    fn attribute(&self) -> [KeyValue; 1] {
        let name = match self.claim.status {
            Status::Live => self.claim.name.to_owned(),
            other => format!("{}.{}", self.claim.name, other.as_str()),
        };
        [KeyValue::new("projection", name)]
    }

    async fn claim(&self) -> Result<Option<Lease>, sqlx::Error> {
        if self.claim.status == Status::Live {
            generation::found(&self.pool, &self.definition).await?;
        }
        self.claim.acquire(&self.pool).await
    }

    /// Runs until cancelled: claims the lease, follows the feed, gives the lease back.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        self.show_parked_from_zero();
        let mut reachable = true;
        while !cancel.is_cancelled() {
            let claimed = self.claim().await;
            if let Err(error) = &claimed
                && reachable
            {
                tracing::error!(projection.name = self.claim.name, error = %error,
                    "a projection cannot be claimed");
            }
            reachable = claimed.is_ok();
            if let Ok(Some(lease)) = claimed
                && self.hold(lease, &cancel).await == Left::Taken
            {
                // By another node, or because another generation is live now: look at once.
                continue;
            }
            cancel.run_until_cancelled(sleep(CLAIM_PAUSE)).await;
        }
    }

    async fn hold(&self, lease: Lease, cancel: &CancellationToken) -> Left {
        let mut run = Run::<'_> {
            projector: self,
            parked: ParkedStreams::default(),
            skipped: Skipped::default(),
            lease,
            kept: Kept::of(self.pool.clone()),
            batch_max: usize::MAX,
        };
        let ended = run.follow(cancel).await;
        self.position.send_replace(None);
        match ended {
            // The gate hears of a shutdown too, and may be gone before this projector hears of it.
            Ok(()) | Err(Interruption::FeedStopped) => {
                if let Err(error) = run.lease.release(&self.pool).await {
                    tracing::warn!(projection.name = self.claim.name, error = %error,
                        "a projection's lease could not be given back and will run out");
                }
            }
            Err(Interruption::LeaseLost) => {
                tracing::warn!(
                    projection.name = self.claim.name,
                    "a projection's lease was taken away"
                );
                return Left::Taken;
            }
            Err(Interruption::Database(error)) => {
                tracing::error!(projection.name = self.claim.name, error = %error,
                    "a projection was interrupted and will be continued");
                // When the database is away, the log above has to do.
                let _ = run.lease.note(&self.pool, &error.to_string()).await;
            }
        }
        Left::Ended
    }
}

/// How a holding of the lease was left.
#[derive(PartialEq, Eq)]
enum Left {
    /// It was taken away.
    Taken,
    /// Any other way.
    Ended,
}

/// One holding of the lease.
struct Run<'p> {
    projector: &'p Projector,
    lease: Lease,
    kept: Kept,
    parked: ParkedStreams,
    skipped: Skipped,
    /// Most events of one transaction. Halved to corner an event that spoils its page.
    batch_max: usize,
}

impl Run<'_> {
    async fn follow(&mut self, cancel: &CancellationToken) -> Result<(), Interruption> {
        let Projector {
            pool,
            feed,
            claim,
            position,
            ..
        } = self.projector;
        self.skipped = Skipped::load(pool, feed.keyring(), claim.name).await?;
        self.parked = ParkedStreams::load(pool, claim.name, self.lease.generation()).await?;
        position.send_replace(Some(self.lease.position()));
        loop {
            let page = tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                page = feed.page_after(self.lease.position()) => page?,
                () = sleep(self.lease.renewal()) => {
                    self.kept.rest();
                    self.lease.renew(pool).await?;
                    continue;
                }
            };
            let began = Instant::now();
            self.project(&page).await?;
            self.measure(&page, began);
        }
    }

    /// Folds a page in as few transactions as its events allow: one, unless an event spoils it.
    async fn project(&mut self, page: &EventPage) -> Result<(), Interruption> {
        let mut rest = page.entries.as_slice();
        let mut attempts = 0;
        loop {
            let (now, later) = rest.split_at(rest.len().min(self.batch_max));
            let through = match (now.last(), later.is_empty()) {
                (Some(last), false) => last.position,
                _ => page.through,
            };
            let blame = match self.commit(now, through, None).await {
                Ok(()) => None,
                Err(Interruption::Database(error)) if parking::blames_event(&error) => Some(error),
                Err(other) => return Err(other),
            };
            match (blame, now) {
                (Some(error), [entry]) => {
                    attempts += 1;
                    if attempts < ATTEMPTS {
                        sleep(ATTEMPT_PAUSE * 2_u32.pow(attempts.unsigned_abs())).await;
                        continue;
                    }
                    let parked = ParkedEvent::failed(entry, &error, attempts);
                    self.commit(now, through, Some(parked)).await?;
                }
                (Some(error), []) => return Err(error.into()),
                (Some(_), _) => {
                    self.batch_max = now.len() / 2;
                    continue;
                }
                (None, _) => self.batch_max = self.batch_max.saturating_mul(2),
            }
            if later.is_empty() {
                return Ok(());
            }
            (rest, attempts) = (later, 0);
        }
    }

    /// One transaction: the checkpoint, the rows, and what is parked. `spoilt` is set when the one
    /// entry is not to be folded any more.
    async fn commit(
        &mut self,
        entries: &[Entry],
        through: i64,
        spoilt: Option<ParkedEvent>,
    ) -> Result<(), Interruption> {
        let (changes, parked) = match spoilt {
            Some(event) => (self.projector.definition.begin(), vec![event]),
            None => self.fold(entries),
        };
        let events = i64::try_from(entries.len()).expect("a page fits in memory");
        let mut connection = self.kept.take().await?;
        if changes.is_empty() && parked.is_empty() {
            self.lease.advance(&mut connection, through, events).await?;
        } else {
            let mut transaction = connection.begin().await?;
            self.lease
                .advance(&mut transaction, through, events)
                .await?;
            changes.write(&mut transaction).await?;
            if !parked.is_empty() {
                parking::park(
                    &mut transaction,
                    (self.lease.name(), self.lease.generation()),
                    &parked,
                )
                .await?;
            }
            transaction.commit().await?;
        }
        self.kept.put_back(connection);
        self.lease.committed(through);
        self.alarm(&parked);
        self.parked.extend(parked);
        self.projector.position.send_replace(Some(through));
        Ok(())
    }

    fn fold(&self, entries: &[Entry]) -> (Box<dyn Folding>, Vec<ParkedEvent>) {
        let mut changes = self.projector.definition.begin();
        let mut parked: Vec<ParkedEvent> = Vec::new();
        for entry in entries {
            let follows = self.parked.contains(&entry.stream)
                || parked.iter().any(|event| *event.stream() == entry.stream);
            match &entry.event {
                _ if self.skipped.contains(entry.position) => {}
                _ if follows => parked.push(ParkedEvent::follower(entry)),
                Ok(event) => changes.fold(&entry.stream.aggregate_id, event),
                // The same bytes will not read better a second time.
                Err(error) => parked.push(ParkedEvent::failed(entry, error, 1)),
            }
        }
        (changes, parked)
    }

    fn alarm(&self, parked: &[ParkedEvent]) {
        let name = self.projector.claim.name;
        self.projector
            .metrics
            .events_parked
            .add(parked.len() as u64, &self.projector.attribute());
        for event in parked.iter().filter(|event| !event.is_follower()) {
            tracing::error!(projection.name = name, event.position = event.position(),
                stream.id = %event.stream().aggregate_id,
                "an event could not be folded: it and the rest of its stream are parked");
        }
    }

    fn measure(&self, page: &EventPage, began: Instant) {
        let Projector { metrics, feed, .. } = self.projector;
        let attribute = self.projector.attribute();
        metrics
            .page_duration
            .record(began.elapsed().as_secs_f64(), &attribute);
        metrics
            .events_folded
            .add(page.entries.len() as u64, &attribute);
        metrics
            .projection_lag
            .record(feed.settled() - self.lease.position(), &attribute);
    }
}
