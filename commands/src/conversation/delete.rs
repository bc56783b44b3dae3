use futures::{StreamExt, TryStreamExt, stream};
use jan_domain::Caller;
use jan_domain::conversation::{ConversationCommand, ConversationError, LiveConversation};
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::metadata::{Metadata, Request};

use super::own;
use crate::{CommandError, Commands};

/// Conversations of one request that are deleted at once.
const AT_ONCE_MAX: usize = 8;

/// Ends one of the caller's conversations. One that has ended before is not there any more.
pub async fn delete_conversation(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ConversationId,
) -> Result<(), CommandError<ConversationError>> {
    let command = ConversationCommand::Delete {
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    commands
        .conversations
        .execute_when(id.as_str(), command, &metadata, |state| {
            own(state, caller).map(|_| ())
        })
        .await?;
    Ok(())
}

/// Ends those of these conversations that are the caller's and still there, and counts them.
pub async fn delete_conversations(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    ids: Vec<ConversationId>,
) -> Result<u64, CommandError<ConversationError>> {
    stream::iter(ids)
        .map(|id| async move {
            match delete_conversation(commands, caller, request, &id).await {
                Ok(()) => Ok(1),
                Err(CommandError::Refused(ConversationError::NotFound)) => Ok(0),
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(AT_ONCE_MAX)
        .try_fold(0, |sum, one| async move { Ok(sum + one) })
        .await
}

/// Removes one item from one of the caller's conversations, and answers how that stands then.
pub async fn delete_item(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    (id, item): (&ConversationId, &ItemId),
) -> Result<LiveConversation, CommandError<ConversationError>> {
    let command = ConversationCommand::DeleteItems {
        items: vec![item.clone()],
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let executed = commands
        .conversations
        .execute_when(id.as_str(), command, &metadata, |state| {
            held(own(state, caller)?, item)
        })
        .await?;
    let changed = own(&executed.after.state, caller).map_err(CommandError::Refused)?;
    Ok(changed.clone())
}

/// An item that was deleted before is not there any more, as its conversation would not be.
fn held(conversation: &LiveConversation, item: &ItemId) -> Result<(), ConversationError> {
    if conversation.items.iter().any(|held| held.id == *item) {
        Ok(())
    } else {
        Err(ConversationError::ItemNotFound(item.clone()))
    }
}
