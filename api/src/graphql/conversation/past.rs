//! A conversation as it stood.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use jan_commands::conversation::{PastConversation, PastItem, conversation_as_of};
use jan_commands::store::Moment;
use jan_domain::Json;
use jan_domain::id::ConversationId;
use jan_projections::{ItemRow, Page};

use super::Conversation;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::loader::ItemsOf;
use crate::graphql::scalar::BigInt;

/// The moment of the past that is shown.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PastMoment {
    /// How many events the conversation had.
    version: BigInt,
    /// When the last of them was recorded.
    pub(super) at: DateTime<Utc>,
    /// Where the log stood then.
    position: BigInt,
}

/// What a conversation held then.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) moment: PastMoment,
    items: Vec<ItemRow>,
}

impl Past {
    /// The page of its items that is asked for.
    pub(super) fn page(&self, wanted: &ItemsOf) -> Page<ItemRow> {
        let beyond = |row: &&ItemRow| match wanted.wanted.beyond {
            None => true,
            Some(place) if wanted.newest_first => row.sequence_number < place,
            Some(place) => row.sequence_number > place,
        };
        let rows = self.items.iter().filter(beyond);
        let mut rows: Vec<ItemRow> = rows.cloned().collect();
        if wanted.newest_first {
            rows.reverse();
        }
        let has_more = rows.len() > wanted.limit;
        rows.truncate(wanted.limit);
        Page {
            items: rows,
            has_more,
        }
    }
}

/// The caller's conversation as it stood, also when it was deleted since. A moment that was not
/// reached, or at which there was nothing, shows nothing.
pub(super) async fn find(
    asking: &Asking,
    id: ConversationId,
    moment: Moment,
) -> Result<Option<Conversation>, ApiError> {
    let commands = &asking.state.commands;
    let past = match conversation_as_of(commands, &asking.caller, &id, moment).await {
        Ok(past) => past,
        Err(error) => {
            let error = ApiError::from(error);
            return if error.is_not_found() {
                Ok(None)
            } else {
                Err(error)
            };
        }
    };
    if matches!(moment, Moment::Version(version) if version > past.record.version) {
        return Ok(None);
    }
    let shown = Past::of(&past);
    let mut conversation = Conversation::of(id, past.live);
    conversation.past = Some(shown.into());
    Ok(Some(conversation))
}

impl Past {
    fn of(past: &PastConversation) -> Self {
        let record = &past.record;
        Self {
            moment: PastMoment {
                version: BigInt(record.version),
                at: record.recorded_at,
                position: BigInt(record.position),
            },
            items: past.items.iter().map(row).collect(),
        }
    }
}

fn row(held: &PastItem) -> ItemRow {
    ItemRow {
        id: held.item.id.clone(),
        sequence_number: held.ordinal,
        body: Json::of(&held.item),
        created_at: held.added_at,
    }
}
