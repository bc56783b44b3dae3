use jan_domain::Caller;
use jan_domain::conversation::{ConversationCommand, ConversationError, LiveConversation};
use jan_domain::id::ConversationId;
use jan_domain::metadata::{Metadata, Request};

use super::own;
use crate::{CommandError, Commands};

/// Carries out a command that leaves one of the caller's conversations alive, and answers how it
/// stands then.
pub async fn change_conversation(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ConversationId,
    command: ConversationCommand,
) -> Result<LiveConversation, CommandError<ConversationError>> {
    let metadata = Metadata::of(caller, request);
    let executed = commands
        .conversations
        .execute_when(id.as_str(), command, &metadata, |state| {
            own(state, caller).map(|_| ())
        })
        .await?;
    let changed = own(&executed.after.state, caller).map_err(CommandError::Refused)?;
    Ok(changed.clone())
}
