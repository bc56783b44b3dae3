use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::conversation::{ConversationEvent as E, Origin};
use jan_domain::id::ItemId;
use jan_domain::item::Item;
use jan_domain::user_metadata::UserMetadata;

/// What a stretch of history changes about one conversation.
#[derive(Default)]
pub(super) struct ConversationChange {
    pub(super) created: Option<(Owner, DateTime<Utc>)>,
    pub(super) title: Option<String>,
    pub(super) metadata: Option<UserMetadata>,
    pub(super) referrer: Option<String>,
    pub(super) origin: Option<Origin>,
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

impl ConversationChange {
    pub(super) fn fold(&mut self, event: &E) {
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
            E::Forked { origin, at } => {
                self.origin = Some(origin.clone());
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
