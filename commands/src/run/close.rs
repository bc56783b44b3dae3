use chrono::{DateTime, Utc};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::id::ResponseId;
use jan_domain::metadata::Metadata;
use jan_domain::response::{Failure, Response, ResponseCommand, ResponseError, Timing};

use crate::store::{Loaded, back_off};
use crate::{CommandError, Commands};

/// Tries while others change the streams.
const ATTEMPTS_MAX: u32 = 16;

/// Ends a run from outside, and frees its conversation: both or neither. Answers how it stands then.
pub(super) async fn close(
    commands: &Commands,
    id: &ResponseId,
    (metadata, admit): (&Metadata, impl Fn(&Response) -> Result<(), ResponseError>),
    command: impl Fn(&Response, DateTime<Utc>) -> ResponseCommand,
) -> Result<Loaded<Response>, CommandError<ResponseError>> {
    for attempt in 0..ATTEMPTS_MAX {
        let mut loaded = commands.responses.load(id.as_str()).await?;
        admit(&loaded.state).map_err(CommandError::Refused)?;
        let conversation = loaded.state.progress();
        let conversation = conversation.and_then(|run| run.conversation.clone());
        let command = command(&loaded.state, commands.clock.now());
        let log = commands.responses.log();
        let decided = loaded.decide(command, metadata, log).await;
        let mut events = decided.map_err(CommandError::Refused)?;
        if events.is_empty() {
            return Ok(loaded);
        }
        if let Some(conversation) = conversation {
            let held = commands.conversations.load(conversation.as_str()).await;
            let mut held = held.map_err(|error| CommandError::Unavailable(error.into()))?;
            if matches!(held.state, Conversation::Live(_)) {
                let free = ConversationCommand::EndRun {
                    response: id.clone(),
                    at: commands.clock.now(),
                };
                let freed = held.decide(free, metadata, log).await;
                events.extend(freed.map_err(|error| CommandError::Rejected(error.into()))?);
            }
        }
        match log.submit(events).await.await.map_err(CommandError::from) {
            Err(CommandError::Conflict) => back_off(attempt).await,
            Err(error) => return Err(error),
            Ok(_) => return Ok(loaded),
        }
    }
    Err(CommandError::Conflict)
}

/// Ends a run that nobody can carry to its end.
pub(super) async fn fail(
    commands: &Commands,
    id: &ResponseId,
    failure: Failure,
) -> Result<(), CommandError<ResponseError>> {
    let loaded = commands.responses.load(id.as_str()).await?;
    let Response::Open(call) = &loaded.state else {
        return Ok(());
    };
    let metadata = Metadata::of_system(&call.owner, "recovery");
    let command = |state: &Response, at: DateTime<Utc>| {
        let begun = match state {
            Response::Open(call) => call.requested_at,
            _ => at,
        };
        let total_ms = u64::try_from((at - begun).num_milliseconds()).unwrap_or_default();
        ResponseCommand::Fail {
            failure: failure.clone(),
            partial: None,
            timing: Timing {
                first_token_ms: total_ms,
                total_ms,
            },
            at,
        }
    };
    match close(commands, id, (&metadata, |_: &Response| Ok(())), command).await {
        // Whoever carries it was quicker after all.
        Ok(_) | Err(CommandError::Refused(ResponseError::AlreadyClosed)) => Ok(()),
        Err(error) => Err(error),
    }
}
