use std::collections::BTreeMap;

use jan_domain::history::Event;
use sqlx::PgConnection;

use super::change::ConversationChange;
use super::{copy, rows};
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[
    r"
    delete from conversation_items as item
     using conversations as row
     where row.conversation_id = item.conversation_id
       and (row.tenant_id, row.account_id)
           in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from conversations
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
];

/// What a stretch of history changes about conversations.
#[derive(Default)]
pub(crate) struct ConversationChanges {
    by_id: BTreeMap<String, ConversationChange>,
    erased: ErasedOwners,
}

impl Changes for ConversationChanges {
    const NAME: &'static str = "conversations";
    const VERSION: i32 = 2;
    const TABLES: &'static [Table] = &[
        Table::by("conversations", "conversation_id"),
        Table::by("conversation_items", "conversation_id"),
    ];
    const COURSE: Course = Course::Copied(Streams::of("conversation"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Conversation(event) = event else {
            return;
        };
        self.by_id.entry(id.to_owned()).or_default().fold(event);
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.erased.is_empty()
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        rows::write(connection, &self.by_id).await?;
        self.erased.delete(connection, ERASE).await
    }

    fn copy(&self, rows: &mut CopyRows) {
        copy::copy(&self.by_id, rows);
    }
}
