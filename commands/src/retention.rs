//! What nobody needs any more is given up, class by class, and told in a report.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::metadata::Metadata;
use jan_domain::ports::{Clock, IdleGuests, MediaIndex, OpenWork};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::account::Eraser;
use crate::media::MediaRemover;
use crate::store::retention::{self, AgingTable};

/// Pause between two sweeps of a deployment.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How often a node asks whether a sweep is due.
const ASK_EVERY: Duration = Duration::from_mins(5);
/// Guests erased by one sweep; the next goes on.
const GUESTS_MOST: u32 = 1_000;
/// Media given up by one sweep; the next goes on.
const MEDIA_MOST: u32 = 10_000;

/// How long each class is kept; `None` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionTerms {
    /// Guests that do nothing.
    pub guests: Option<Duration>,
    /// Images, and what programs make. Each has its own end on record: this is what the next will have.
    pub media: Option<Duration>,
    /// Streams of responses in the background.
    pub stream_log: Option<Duration>,
    /// Outcomes of tool calls, which are in events too.
    pub effect_journal: Option<Duration>,
    /// Answers told under an `Idempotency-Key`.
    pub idempotency_keys: Option<Duration>,
}

/// What a sweep did about one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassReport {
    /// Its name.
    pub class: &'static str,
    /// How long it is kept.
    pub kept: Option<Duration>,
    /// What was too old.
    pub found: u64,
    /// What of it was given up.
    pub removed: u64,
    /// What it took in the database, as far as one can say.
    pub bytes: Option<u64>,
}

/// Gives up what is too old. Cheap to clone.
#[derive(Clone)]
pub struct Retention {
    pool: PgPool,
    terms: RetentionTerms,
    parts: RetentionParts,
    removed: Counter<u64>,
}

/// What gives things up, and what finds them.
#[derive(Clone)]
pub struct RetentionParts {
    /// Erases accounts.
    pub eraser: Eraser,
    /// Takes media away.
    pub remover: MediaRemover,
    /// Finds guests that nobody uses.
    pub idle: Arc<dyn IdleGuests>,
    /// Finds what an owner has under way.
    pub open: Arc<dyn OpenWork>,
    /// Finds media whose time is over.
    pub media: Arc<dyn MediaIndex>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Retention {
    /// A sweeper under these terms.
    pub fn new(pool: PgPool, terms: RetentionTerms, parts: RetentionParts) -> Self {
        let meter = opentelemetry::global::meter("jan-server");
        Self {
            pool,
            terms,
            parts,
            removed: meter.u64_counter("jan.retention.removed").build(),
        }
    }

    /// Gives up what is too old, or only finds it.
    pub async fn sweep(&self, only_look: bool) -> Result<Vec<ClassReport>, Failure> {
        let terms = self.terms;
        let mut reports = vec![self.guests(only_look).await?, self.media(only_look).await?];
        for (table, kept) in [
            (retention::STREAM_LOG, terms.stream_log),
            (retention::EFFECT_JOURNAL, terms.effect_journal),
            (retention::IDEMPOTENCY_KEYS, terms.idempotency_keys),
        ] {
            reports.push(self.table(table, kept, only_look).await?);
        }
        for report in &reports {
            let class = [KeyValue::new("class", report.class)];
            self.removed.add(report.removed, &class);
        }
        Ok(reports)
    }

    async fn guests(&self, only_look: bool) -> Result<ClassReport, Failure> {
        let mut report = ClassReport {
            class: "guests",
            kept: self.terms.guests,
            found: 0,
            removed: 0,
            bytes: None,
        };
        let Some(kept) = self.terms.guests else {
            return Ok(report);
        };
        let parts = &self.parts;
        let guests = parts.idle.idle(kept, GUESTS_MOST).await?;
        report.found = guests.len() as u64;
        if only_look {
            return Ok(report);
        }
        for owner in &guests {
            let metadata = Metadata::of_system(owner, "retention");
            let erased = parts.eraser.erase(owner, &metadata, parts.open.as_ref());
            erased.await?;
            report.removed += 1;
        }
        Ok(report)
    }

    /// What one cannot take away now, the next sweep finds again.
    async fn media(&self, only_look: bool) -> Result<ClassReport, Failure> {
        let parts = &self.parts;
        let due = parts.media.due(parts.clock.now(), MEDIA_MOST).await?;
        let mut report = ClassReport {
            class: "media",
            kept: self.terms.media,
            found: due.len() as u64,
            removed: 0,
            bytes: None,
        };
        for (owner, id) in due.iter().filter(|_| !only_look) {
            let metadata = Metadata::of_system(owner, "retention");
            match parts.remover.give_up(id, &metadata).await {
                Ok(gone) => report.removed += u64::from(gone),
                Err(failure) => {
                    tracing::warn!(media = %id, error = %failure, "media stays for now");
                }
            }
        }
        Ok(report)
    }

    async fn table(
        &self,
        table: AgingTable,
        kept: Option<Duration>,
        only_look: bool,
    ) -> Result<ClassReport, Failure> {
        let mut report = ClassReport {
            class: table.name,
            kept,
            found: 0,
            removed: 0,
            bytes: Some(0),
        };
        let Some(kept) = kept else { return Ok(report) };
        let (found, bytes) = table.find(&self.pool, kept.as_secs_f64()).await?;
        (report.found, report.bytes) = (found, Some(bytes));
        if !only_look && found > 0 {
            report.removed = table.delete(&self.pool, kept.as_secs_f64()).await?;
        }
        Ok(report)
    }

    /// Sweeps now and then, one node for all, until told to stop.
    pub async fn keep_sweeping(self, node: String, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.sweep_if_due(&node).await {
                tracing::warn!(error = %error, "what is too old stays for now");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
    }

    async fn sweep_if_due(&self, node: &str) -> Result<(), Failure> {
        let pause = SWEEP_EVERY.as_secs_f64();
        if !retention::begin_sweep(&self.pool, "retention", node, pause).await? {
            return Ok(());
        }
        for report in self.sweep(false).await? {
            if report.removed > 0 {
                tracing::info!(
                    retention.class = report.class,
                    removed = report.removed,
                    "what was too old was given up"
                );
            }
        }
        Ok(())
    }
}
