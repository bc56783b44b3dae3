use chrono::{DateTime, Utc};
use jan_domain::Caller;
use jan_domain::conversation::{
    Conversation, ConversationError, ConversationEvent, LiveConversation,
};
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::item::Item;

use super::own;
use crate::store::{Moment, Past, Record};
use crate::{CommandError, Commands};

/// A conversation as it stood.
#[derive(Debug, Clone)]
pub struct PastConversation {
    /// What it held.
    pub live: LiveConversation,
    /// Its items, and what is known of each.
    pub items: Vec<PastItem>,
    /// The event that made it so.
    pub record: Record,
}

/// An item of a conversation's past.
#[derive(Debug, Clone)]
pub struct PastItem {
    /// Itself.
    pub item: Item,
    /// Its place among all items ever added, from 1.
    pub ordinal: i64,
    /// When it was added.
    pub added_at: DateTime<Utc>,
    /// The model call that brought it, if one did.
    pub response: Option<ResponseId>,
}

/// One of the caller's conversations as it stood, also when it was deleted since. Before it began,
/// and after its end, there is nothing to see.
pub async fn conversation_as_of(
    commands: &Commands,
    caller: &Caller,
    id: &ConversationId,
    moment: Moment,
) -> Result<PastConversation, CommandError<ConversationError>> {
    let past = commands.conversations.as_of(id.as_str(), moment).await?;
    own(&past.then.state, caller).map_err(CommandError::Refused)?;
    PastConversation::of(past).ok_or(CommandError::Refused(ConversationError::NotFound))
}

/// What is known of the versions of one of the caller's conversations, also of a deleted one.
pub async fn conversation_versions(
    commands: &Commands,
    caller: &Caller,
    id: &ConversationId,
    after: Option<i64>,
    (limit, newest_first): (usize, bool),
) -> Result<Vec<Record>, CommandError<ConversationError>> {
    let streams = &commands.conversations;
    let began = streams.as_of(id.as_str(), Moment::Version(1)).await?;
    own(&began.then.state, caller).map_err(CommandError::Refused)?;
    streams
        .versions(id.as_str(), after, (limit, newest_first))
        .await
}

impl PastConversation {
    /// What the past of a stream tells of it, if it was alive then.
    pub fn of(past: Past<Conversation>) -> Option<Self> {
        let record = past.last()?.clone();
        let items = items_of(&past.events);
        match past.then.state {
            Conversation::Live(live) => Some(Self {
                live,
                items,
                record,
            }),
            Conversation::NotCreated | Conversation::Deleted { .. } => None,
        }
    }
}

fn items_of(events: &[(Record, ConversationEvent)]) -> Vec<PastItem> {
    let mut held: Vec<PastItem> = Vec::new();
    let mut ordinal = 0;
    for (_, event) in events {
        match event {
            ConversationEvent::ItemsAppended {
                items,
                response,
                at,
            } => {
                for item in items {
                    ordinal += 1;
                    held.push(PastItem {
                        item: item.clone(),
                        ordinal,
                        added_at: *at,
                        response: response.clone(),
                    });
                }
            }
            ConversationEvent::ItemDeleted { item, .. } => {
                held.retain(|kept| kept.item.id != *item);
            }
            _ => {}
        }
    }
    held
}
