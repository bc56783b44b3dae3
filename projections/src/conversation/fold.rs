use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::conversation::ConversationEvent as E;
use jan_domain::history::Event;
use jan_domain::id::ItemId;
use jan_domain::item::Item;
use jan_domain::user_metadata::UserMetadata;
use sqlx::PgConnection;

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

/// What it changes about one of them.
#[derive(Default)]
pub(super) struct ConversationChange {
    pub(super) created: Option<(Owner, DateTime<Utc>)>,
    pub(super) title: Option<String>,
    pub(super) metadata: Option<UserMetadata>,
    pub(super) referrer: Option<String>,
    pub(super) items: ItemChanges,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) deleted: bool,
}

/// What it changes about its items.
#[derive(Default)]
pub(super) struct ItemChanges {
    /// How many were added, also counting those that are gone again.
    pub(super) added: i64,
    pub(super) kept: Vec<NewItem>,
    /// Items of earlier stretches.
    pub(super) deleted: Vec<ItemId>,
}

/// An item that was added.
pub(super) struct NewItem {
    pub(super) id: ItemId,
    /// From 1, among the items added by this stretch.
    pub(super) place: i64,
    pub(super) body: String,
    pub(super) at: DateTime<Utc>,
}

impl Changes for ConversationChanges {
    const NAME: &'static str = "conversations";
    const VERSION: i32 = 1;
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

impl ConversationChange {
    fn fold(&mut self, event: &E) {
        self.updated_at = *match event {
            E::Created {
                owner,
                title,
                metadata,
                referrer,
                at,
            } => {
                self.created = Some((owner.clone(), *at));
                self.title.clone_from(title);
                self.metadata = Some(metadata.clone());
                self.referrer.clone_from(referrer);
                at
            }
            E::TitleChanged { title, at } => {
                self.title = Some(title.clone());
                at
            }
            E::MetadataReplaced { metadata, at } => {
                self.metadata = Some(metadata.clone());
                at
            }
            E::ReferrerChanged { referrer, at } => {
                self.referrer = Some(referrer.clone());
                at
            }
            E::ItemsAppended { items, at, .. } => {
                for item in items {
                    self.items.add(item, *at);
                }
                at
            }
            E::ItemDeleted { item, at } => {
                self.items.delete(item);
                at
            }
            E::RunBegan { at, .. } | E::RunEnded { at, .. } => at,
            E::Deleted { at } => {
                self.deleted = true;
                at
            }
        };
    }
}

impl ItemChanges {
    fn add(&mut self, item: &Item, at: DateTime<Utc>) {
        self.added += 1;
        self.kept.push(NewItem {
            id: item.id.clone(),
            place: self.added,
            body: serde_json::to_string(item).expect("items have text keys"),
            at,
        });
    }

    fn delete(&mut self, item: &ItemId) {
        let before = self.kept.len();
        self.kept.retain(|kept| kept.id != *item);
        if self.kept.len() == before {
            self.deleted.push(item.clone());
        }
    }
}
