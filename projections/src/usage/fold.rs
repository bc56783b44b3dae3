use std::collections::BTreeMap;

use jan_domain::history::Event;
use jan_domain::response::ResponseEvent as E;
use sqlx::PgConnection;

use super::ledger::{Counts, Ledger};
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
    counts: BTreeMap<Ledger, Counts>,
    /// Calls that began here and have not ended here.
    open: BTreeMap<String, Ledger>,
    /// Endings of calls that began earlier, to be booked where those were.
    ended: BTreeMap<String, Counts>,
    erased: ErasedOwners,
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
            E::Incomplete { usage, .. } | E::Cancelled { usage, .. } => {
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
        if !self.ended.is_empty() {
            let ended: Vec<(String, Counts)> =
                std::mem::take(&mut self.ended).into_iter().collect();
            let ledgers = write::close(connection, &ended).await?;
            for ((_, counts), ledger) in ended.into_iter().zip(ledgers) {
                self.book(ledger, counts);
            }
        }
        if !self.open.is_empty() {
            let open: Vec<(String, Ledger)> = self.open.into_iter().collect();
            write::remember(connection, &open).await?;
        }
        let counts: Vec<(Ledger, Counts)> = self.counts.into_iter().collect();
        write::book(connection, &counts).await?;
        self.erased.delete(connection, ERASE).await
    }
}

impl UsageChanges {
    fn end(&mut self, id: &str, counts: Counts) {
        match self.open.remove(id) {
            Some(ledger) => self.book(ledger, counts),
            None => *self.ended.entry(id.to_owned()).or_default() += counts,
        }
    }

    fn book(&mut self, ledger: Ledger, counts: Counts) {
        *self.counts.entry(ledger).or_default() += counts;
    }
}
