use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ConversationEvent;
use super::error::ConversationError;
use crate::id::{ConversationId, ItemId, ResponseId};
use crate::item::Item;

/// Where a fork came from. The original knows nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The conversation that was forked.
    pub from: ConversationId,
    /// The version of it that was copied.
    pub version: i64,
    /// The last item that was taken over unchanged; `None` when none was.
    pub item: Option<ItemId>,
    /// The conversation at the root of all these forks.
    pub root: ConversationId,
}

/// Items that came into a conversation together.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// In order, under the ids they have always had.
    pub items: Vec<Item>,
    /// The model call that brought them, if one did.
    pub response: Option<ResponseId>,
}

/// The events that copy turns. However many items they are: they were
/// taken in before.
pub(super) fn copied(
    turns: Vec<Turn>,
    at: DateTime<Utc>,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let mut known = HashSet::new();
    let mut items = turns.iter().flat_map(|turn| &turn.items);
    if let Some(twice) = items.find(|item| !known.insert(&item.id)) {
        return Err(ConversationError::DuplicateItem(twice.id.clone()));
    }
    let told = turns.into_iter().filter(|turn| !turn.items.is_empty());
    let told = told.map(|turn| ConversationEvent::ItemsAppended {
        items: turn.items,
        response: turn.response,
        at,
    });
    Ok(told.collect())
}
