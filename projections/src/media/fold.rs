use std::collections::BTreeMap;

use jan_domain::history::Event;
use jan_domain::media::MediaEvent;
use sqlx::PgConnection;

use super::change::MediaChange;
use super::rows;
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[r"
    delete from media
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))"];

/// What a stretch of history changes about media.
#[derive(Default)]
pub(crate) struct MediaChanges {
    by_id: BTreeMap<String, MediaChange>,
    erased: ErasedOwners,
}

impl Changes for MediaChanges {
    const NAME: &'static str = "media";
    const VERSION: i32 = 1;
    const TABLES: &'static [Table] = &[Table::by("media", "media_id")];
    const COURSE: Course = Course::Copied(Streams::of("media"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Media(event) = event else {
            return;
        };
        let known = self.by_id.contains_key(id);
        let change = self.by_id.entry(id.to_owned()).or_default();
        change.began_elsewhere |= !known && !matches!(event, MediaEvent::UploadPrepared { .. });
        change.fold(event);
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.erased.is_empty()
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        rows::write(connection, &self.by_id).await?;
        self.erased.delete(connection, ERASE).await
    }

    fn copy(&self, rows: &mut CopyRows) {
        for (id, change) in &self.by_id {
            let (Some(began), Some(stand)) = (&change.began, &change.stand) else {
                continue;
            };
            rows.row(
                "media (media_id, tenant_id, account_id, state, due_at, file_name, purpose, \
                 media_type, bytes, sha256, width, height, created_at)",
            )
            .text(id)
            .text(began.owner.tenant.as_str())
            .text(began.owner.account.as_str())
            .text(stand.state)
            .time_or_null(stand.due_at)
            .text_or_null(began.label.name())
            .text(began.label.purpose.as_str())
            .text_or_null(change.media_type())
            .plain_or_null(change.bytes())
            .text_or_null(change.sha256())
            .plain_or_null(change.width())
            .plain_or_null(change.height())
            .time(began.at)
            .end();
        }
    }
}
