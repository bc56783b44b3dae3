//! What nobody needs any more is given up, class by class, and told in a report.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::metadata::Metadata;
use jan_domain::ports::{IdleGuests, OpenWork};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::account::Eraser;
use crate::store::retention::{self, AgingTable};

/// Pause between two sweeps of a deployment.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How often a node asks whether a sweep is due.
const ASK_EVERY: Duration = Duration::from_mins(5);
/// Guests erased by one sweep; the next goes on.
const GUESTS_MOST: u32 = 1_000;

/// How long each class is kept; `None` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionTerms {
    /// Guests that do nothing.
    pub guests: Option<Duration>,
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
    eraser: Eraser,
    idle: Arc<dyn IdleGuests>,
    open: Arc<dyn OpenWork>,
    removed: Counter<u64>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Retention {
    /// A sweeper under these terms.
    pub fn new(
        pool: PgPool,
        terms: RetentionTerms,
        eraser: Eraser,
        idle: Arc<dyn IdleGuests>,
        open: Arc<dyn OpenWork>,
    ) -> Self {
        let meter = opentelemetry::global::meter("jan-server");
        Self {
            pool,
            terms,
            eraser,
            idle,
            open,
            removed: meter.u64_counter("jan.retention.removed").build(),
        }
    }

    /// Gives up what is too old, or only finds it.
    pub async fn sweep(&self, only_look: bool) -> Result<Vec<ClassReport>, Failure> {
        let terms = self.terms;
        let mut reports = vec![self.guests(only_look).await?];
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
        let guests = self.idle.idle(kept, GUESTS_MOST).await?;
        report.found = guests.len() as u64;
        if only_look {
            return Ok(report);
        }
        for owner in &guests {
            let metadata = Metadata::of_system(owner, "retention");
            let erased = self.eraser.erase(owner, &metadata, self.open.as_ref());
            erased.await?;
            report.removed += 1;
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
