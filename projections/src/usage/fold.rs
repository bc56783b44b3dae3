use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::NaiveDate;
use jan_domain::caller::Owner;
use jan_domain::history::Event;
use jan_domain::response::{ResponseEvent as E, Usage};
use sqlx::PgConnection;

use super::write;
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[
    r"
    delete from usage_open_calls
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from usage
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
];

/// What a stretch of history changes about usage.
#[derive(Default)]
pub(crate) struct UsageChanges {
    pub(super) counts: BTreeMap<Ledger, Counts>,
    /// Calls that began here and have not ended here.
    pub(super) open: BTreeMap<String, Ledger>,
    /// Endings of calls that began earlier, to be booked where those were.
    pub(super) ended: BTreeMap<String, Counts>,
    erased: ErasedOwners,
}

/// Where a call is booked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ledger {
    pub(super) tenant: String,
    pub(super) account: String,
    pub(super) model: String,
    /// The UTC day on which the call was accepted.
    pub(super) day: NaiveDate,
}

/// What is booked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: i64,
    pub(super) completed: i64,
    pub(super) incomplete: i64,
    pub(super) failed: i64,
    pub(super) input_tokens: i64,
    pub(super) cached_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) reasoning_tokens: i64,
}

impl Changes for UsageChanges {
    const NAME: &'static str = "usage";
    const VERSION: i32 = 1;
    const TABLES: &'static [Table] = &[
        Table::over_streams("usage"),
        Table::by("usage_open_calls", "response_id"),
    ];
    // A call is booked where its own first event says, whatever happens to any other.
    const COURSE: Course = Course::Written(Streams::of("response"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Response(event) = event else {
            return;
        };
        match event {
            E::Requested { call, at } => {
                let ledger = Ledger::of(&call.owner, &call.model, at.date_naive());
                self.open.insert(id.to_owned(), ledger.clone());
                self.book(ledger, Counts::requested());
            }
            E::Completed { usage, .. } => {
                self.end(
                    id,
                    Counts {
                        completed: 1,
                        ..Counts::of(*usage)
                    },
                );
            }
            E::Incomplete { usage, .. } => {
                self.end(
                    id,
                    Counts {
                        incomplete: 1,
                        ..Counts::of(*usage)
                    },
                );
            }
            E::Cancelled { usage, .. } => {
                self.end(
                    id,
                    Counts {
                        incomplete: 1,
                        ..Counts::of(*usage)
                    },
                );
            }
            E::Failed { usage, .. } => self.end(
                id,
                Counts {
                    failed: 1,
                    ..Counts::of(*usage)
                },
            ),
            E::Claimed { .. }
            | E::StepPlanned { .. }
            | E::StepSucceeded { .. }
            | E::StepFailed { .. }
            | E::StepOutcomeUnknown { .. }
            | E::MetadataReplaced { .. }
            | E::Deleted { .. } => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.ended.is_empty() && self.erased.is_empty()
    }

    async fn write(mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let erased = std::mem::take(&mut self.erased);
        write::write(connection, self).await?;
        erased.delete(connection, ERASE).await
    }
}

impl UsageChanges {
    fn end(&mut self, id: &str, counts: Counts) {
        match self.open.remove(id) {
            Some(ledger) => self.book(ledger, counts),
            None => *self.ended.entry(id.to_owned()).or_default() += counts,
        }
    }

    pub(super) fn book(&mut self, ledger: Ledger, counts: Counts) {
        *self.counts.entry(ledger).or_default() += counts;
    }
}

impl Ledger {
    fn of(owner: &Owner, model: &str, day: NaiveDate) -> Self {
        Self {
            tenant: owner.tenant.as_str().to_owned(),
            account: owner.account.as_str().to_owned(),
            model: model.to_owned(),
            day,
        }
    }
}

impl Counts {
    fn requested() -> Self {
        Self {
            requests: 1,
            ..Self::default()
        }
    }

    fn of(usage: Usage) -> Self {
        Self {
            input_tokens: bounded(usage.input_tokens),
            cached_tokens: bounded(usage.cached_tokens),
            output_tokens: bounded(usage.output_tokens),
            reasoning_tokens: bounded(usage.reasoning_tokens),
            ..Self::default()
        }
    }
}

/// A provider may claim any number of tokens; more than 2^48 in one call is not believed, so that
/// sums never overflow.
fn bounded(tokens: u64) -> i64 {
    const MOST: u64 = 1 << 48;
    i64::try_from(tokens.min(MOST)).expect("the bound fits")
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.completed += more.completed;
        self.incomplete += more.incomplete;
        self.failed += more.failed;
        self.input_tokens += more.input_tokens;
        self.cached_tokens += more.cached_tokens;
        self.output_tokens += more.output_tokens;
        self.reasoning_tokens += more.reasoning_tokens;
    }
}
