use std::collections::HashMap;

use super::LiveConversation;
use crate::id::ItemId;
use crate::item::Item;
use crate::user_metadata::UserMetadata;

/// What makes one state of a conversation another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The titles, if they differ.
    pub title: Option<(Option<String>, Option<String>)>,
    /// The referrers, if they differ.
    pub referrer: Option<(Option<String>, Option<String>)>,
    /// The client's pairs, if they differ.
    pub metadata: Option<(UserMetadata, UserMetadata)>,
    /// Items that only the second has.
    pub added: Vec<Item>,
    /// Items that only the first has.
    pub removed: Vec<Item>,
    /// Items that both have, otherwise.
    pub changed: Vec<(Item, Item)>,
}

impl Difference {
    /// What leads from one state to another.
    pub fn between(first: &LiveConversation, second: &LiveConversation) -> Self {
        let by_id = |items: &[Item]| -> HashMap<ItemId, Item> {
            let pairs = items.iter().map(|item| (item.id.clone(), item.clone()));
            pairs.collect()
        };
        let (had, has) = (by_id(&first.items), by_id(&second.items));
        let only = |items: &[Item], others: &HashMap<ItemId, Item>| -> Vec<Item> {
            let only = items.iter().filter(|item| !others.contains_key(&item.id));
            only.cloned().collect()
        };
        let both = second.items.iter().filter_map(|item| {
            let before = had.get(&item.id)?;
            (before != item).then(|| (before.clone(), item.clone()))
        });
        Self {
            title: differing(&first.title, &second.title),
            referrer: differing(&first.referrer, &second.referrer),
            metadata: differing(&first.metadata, &second.metadata),
            added: only(&second.items, &had),
            removed: only(&first.items, &has),
            changed: both.collect(),
        }
    }
}

fn differing<T: PartialEq + Clone>(first: &T, second: &T) -> Option<(T, T)> {
    (first != second).then(|| (first.clone(), second.clone()))
}
