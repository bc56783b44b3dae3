use jan_domain::conversation::{ConversationCommand, ConversationError, LiveConversation};
use jan_domain::id::ConversationId;
use jan_domain::item::Item;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::{Caller, UserMetadata};

use super::own;
use crate::{CommandError, Commands};

/// A conversation about to begin.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// Its id; the same when the request is repeated under one key.
    pub id: ConversationId,
    /// What it is called.
    pub title: Option<String>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// Where it came from.
    pub referrer: Option<String>,
    /// Its first items.
    pub items: Vec<Item>,
}

/// Begins a conversation.
pub async fn create_conversation(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    new: NewConversation,
) -> Result<LiveConversation, CommandError<ConversationError>> {
    let command = ConversationCommand::Create {
        owner: caller.owner.clone(),
        title: new.title,
        metadata: new.metadata,
        referrer: new.referrer,
        items: new.items,
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let executed = commands
        .conversations
        .create(new.id.as_str(), command, &metadata)
        .await?;
    let begun = own(&executed.after.state, caller).map_err(CommandError::Refused)?;
    Ok(begun.clone())
}
