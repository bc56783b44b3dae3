use std::collections::BTreeMap;

use jan_domain::history::Event;
use jan_domain::id::ResponseId;
use sqlx::PgConnection;

use super::change::RunChange;
use super::{copy, write};
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[
    r"
    delete from run_steps as step
     using runs as row
     where row.response_id = step.response_id
       and (row.tenant_id, row.account_id)
           in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from runs
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
];

/// What a stretch of history changes about runs.
#[derive(Default)]
pub(crate) struct RunChanges {
    by_id: BTreeMap<String, RunChange>,
    erased: ErasedOwners,
}

impl Changes for RunChanges {
    const NAME: &'static str = "runs";
    const VERSION: i32 = 1;
    const TABLES: &'static [Table] = &[
        Table::by("runs", "response_id"),
        Table::by("run_steps", "response_id"),
    ];
    const COURSE: Course = Course::Copied(Streams {
        aggregate_type: "response",
        prefix: ResponseId::RUN_PREFIX,
    });

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Response(event) = event else {
            return;
        };
        // Chat completions, by far the most, are no runs; their ids say so.
        if id.starts_with(ResponseId::RUN_PREFIX) {
            self.by_id.entry(id.to_owned()).or_default().fold(event);
        }
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.erased.is_empty()
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        write::write(connection, &self.by_id).await?;
        self.erased.delete(connection, ERASE).await
    }

    fn copy(&self, rows: &mut CopyRows) {
        copy::copy(&self.by_id, rows);
    }
}
