use chrono::{DateTime, Utc};
use jan_domain::id::ResponseId;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::response::{
    Answer, Ending, OpenResponse, Response, ResponseCommand, ResponseError, Retention, Usage,
};
use jan_domain::{Caller, UserMetadata};

use crate::{CommandError, Commands};

/// An answer its caller asked to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    /// When the call was accepted.
    pub requested_at: DateTime<Utc>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// What was said.
    pub answer: Answer,
    /// What it cost.
    pub usage: Usage,
}

/// Replaces the pairs of a stored answer. A call without an answer is not there.
pub async fn replace_metadata(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ResponseId,
    metadata: UserMetadata,
) -> Result<StoredAnswer, CommandError<ResponseError>> {
    let command = ResponseCommand::ReplaceMetadata {
        metadata,
        at: commands.clock.now(),
    };
    let provenance = Metadata::of(caller, request);
    let executed = commands
        .responses
        .execute_when(id.as_str(), command, &provenance, |state| {
            answered(state, caller).map(|_| ())
        })
        .await?;
    answered(&executed.after.state, caller).map_err(CommandError::Refused)
}

/// Removes a stored call from its caller's sight, answered or failed, once it has ended.
pub async fn delete_stored(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &ResponseId,
) -> Result<(), CommandError<ResponseError>> {
    let command = ResponseCommand::Delete {
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    commands
        .responses
        .execute_when(id.as_str(), command, &metadata, |state| {
            stored(state, caller).map(|_| ())
        })
        .await?;
    Ok(())
}

/// The chat call in `state`, if `caller` asked to keep it. Runs have doors of their own.
fn stored<'a>(state: &'a Response, caller: &Caller) -> Result<&'a OpenResponse, ResponseError> {
    match state {
        Response::Open(call) | Response::Closed { call, .. }
            if caller.sees(&call.owner)
                && call.retention == Retention::Stored
                && call.run.is_none() =>
        {
            Ok(call)
        }
        Response::NotRequested
        | Response::Open(_)
        | Response::Closed { .. }
        | Response::Deleted { .. } => Err(ResponseError::NotFound),
    }
}

fn answered(state: &Response, caller: &Caller) -> Result<StoredAnswer, ResponseError> {
    let call = stored(state, caller)?;
    let Response::Closed {
        ending: Ending::Completed { answer, usage } | Ending::Incomplete { answer, usage, .. },
        ..
    } = state
    else {
        return Err(ResponseError::NotFound);
    };
    Ok(StoredAnswer {
        requested_at: call.requested_at,
        metadata: call.metadata.clone(),
        answer: answer.clone(),
        usage: *usage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::Json;
    use jan_domain::caller::{CallerKind, Owner};
    use jan_domain::id::{AccountId, NodeId, StepId, TenantId};

    fn caller(account: &str) -> Caller {
        Caller {
            owner: Owner {
                tenant: TenantId::default(),
                account: AccountId::parse(account).unwrap(),
            },
            kind: CallerKind::Guest,
            session: None,
            key: None,
        }
    }

    fn call(caller: &Caller, retention: Retention) -> OpenResponse {
        OpenResponse {
            owner: caller.owner.clone(),
            step: StepId::parse("step_1").unwrap(),
            node: NodeId::parse("node_1").unwrap(),
            retention,
            model: "m".to_owned(),
            stream: false,
            requested_at: DateTime::UNIX_EPOCH,
            metadata: UserMetadata::default(),
            run: None,
        }
    }

    fn closed(call: OpenResponse) -> Response {
        let answer = Answer {
            provider_id: None,
            model: "m".to_owned(),
            body: Json::of(&[(); 0]),
            system_fingerprint: None,
            service_tier: None,
        };
        let usage = Usage::default();
        Response::Closed {
            at: call.requested_at,
            call,
            ending: Ending::Completed { answer, usage },
        }
    }

    #[test]
    fn only_a_stored_answer_of_the_caller_is_there() {
        let (ada, bob) = (caller("user_ada"), caller("user_bob"));
        let kept = closed(call(&ada, Retention::Stored));
        assert!(answered(&kept, &ada).is_ok() && stored(&kept, &ada).is_ok());
        for (state, caller) in [
            (kept, &bob),
            (closed(call(&ada, Retention::Recorded)), &ada),
            (closed(call(&ada, Retention::UsageOnly)), &ada),
            (Response::NotRequested, &ada),
            (
                Response::Deleted {
                    owner: ada.owner.clone(),
                },
                &ada,
            ),
        ] {
            assert_eq!(answered(&state, caller), Err(ResponseError::NotFound));
            assert_eq!(
                stored(&state, caller).map(|_| ()),
                Err(ResponseError::NotFound)
            );
        }
    }

    #[test]
    fn a_call_without_an_answer_can_be_deleted_but_not_changed() {
        let ada = caller("user_ada");
        let open = Response::Open(call(&ada, Retention::Stored));
        assert!(stored(&open, &ada).is_ok());
        assert_eq!(answered(&open, &ada), Err(ResponseError::NotFound));
    }
}
