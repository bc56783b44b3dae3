use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::response::{Response, ResponseCommand, ResponseError, Retention};

use super::close::close;
use crate::{CommandError, Commands};

/// Stops one of the caller's runs in the background. What has ended stays as it is.
pub async fn cancel_run(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ResponseId,
) -> Result<(), CommandError<ResponseError>> {
    let metadata = Metadata::of(caller, request);
    let admit = |state: &Response| own(state, caller);
    close(commands, id, (&metadata, admit), |_, at| {
        ResponseCommand::Cancel { at }
    })
    .await?;
    // Whoever carries it elsewhere finds out by itself.
    if let Some(local) = commands.runner.local.find(id) {
        local.signals.ended_elsewhere.cancel();
    }
    Ok(())
}

/// Removes one of the caller's stored runs from its sight, once it has ended, and with it what was
/// kept of its stream.
pub async fn delete_run(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ResponseId,
) -> Result<(), CommandError<ResponseError>> {
    let metadata = Metadata::of(caller, request);
    let command = ResponseCommand::Delete {
        at: commands.clock.now(),
    };
    commands
        .responses
        .execute_when(id.as_str(), command, &metadata, |state| own(state, caller))
        .await?;
    let forgotten = commands.runner.stream_log.forget(id).await;
    forgotten.map_err(|error| CommandError::Unavailable(error.into()))
}

/// Only a stored run of the caller's is there.
fn own(state: &Response, caller: &Caller) -> Result<(), ResponseError> {
    match state {
        Response::Open(call) | Response::Closed { call, .. }
            if caller.sees(&call.owner)
                && call.retention == Retention::Stored
                && call.run.is_some() =>
        {
            Ok(())
        }
        _ => Err(ResponseError::NotFound),
    }
}
