use std::collections::BTreeMap;

use jan_domain::history::Event;
use sqlx::PgConnection;

use super::change::ResponseChange;
use super::{copy, write};
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[r"
    delete from responses
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))"];

/// What a stretch of history changes about responses.
#[derive(Default)]
pub(crate) struct ResponseChanges {
    by_id: BTreeMap<String, ResponseChange>,
    erased: ErasedOwners,
}

impl Changes for ResponseChanges {
    const NAME: &'static str = "responses";
    const VERSION: i32 = 1;
    const TABLES: &'static [Table] = &[Table::by("responses", "response_id")];
    const COURSE: Course = Course::Copied(Streams::of("response"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Response(event) = event else {
            return;
        };
        self.by_id.entry(id.to_owned()).or_default().fold(event);
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
