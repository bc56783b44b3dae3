//! Responses as they stood: the shapes of the read model, made of a response's own events.

use chrono::{DateTime, Utc};
use jan_commands::Commands;
use jan_commands::run::{requested_in, response_as_of};
use jan_commands::store::{Moment, Past};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::json::Json;
use jan_domain::response::run::{StepOutcome, StepSoFar};
use jan_domain::response::{
    Answer, Ending, RequestedCall, Response, ResponseEvent as E, Timing, Usage,
};
use jan_projections::{RunRow, RunStatus, StepRow, StepStatus};

use crate::error::ApiError;
use crate::rest::moment::reached;

/// One of the caller's stored responses as it stood at the moment that `name` asks for.
pub(crate) async fn found(
    commands: &Commands,
    caller: &Caller,
    id: &ResponseId,
    (name, moment): (&str, Moment),
) -> Result<Past<Response>, ApiError> {
    let past = response_as_of(commands, caller, id, moment).await?;
    let shown = past.last();
    let shown = shown.ok_or_else(|| ApiError::not_found("response", id))?;
    reached(name, moment, shown)?;
    Ok(past)
}

/// The response as the read model would show it.
pub(super) fn row(past: &Past<Response>, id: &ResponseId) -> Option<RunRow> {
    let call = requested_in(past)?;
    let requested_at = match past.events.first() {
        Some((_, E::Requested { at, .. })) => *at,
        _ => return None,
    };
    let row = opened(call, id, requested_at);
    let row = match &past.then.state {
        Response::Open(open) => RunRow {
            metadata: open.metadata.clone(),
            ..row
        },
        Response::Closed { call, ending, at } => RunRow {
            metadata: call.metadata.clone(),
            ended_at: Some(*at),
            ..closed(&row, ending, past)
        },
        Response::NotRequested | Response::Deleted { .. } => return None,
    };
    Some(carried(row, past))
}

fn opened(call: &RequestedCall, id: &ResponseId, at: DateTime<Utc>) -> RunRow {
    let terms = call.run.as_deref();
    RunRow {
        id: id.clone(),
        status: RunStatus::Queued,
        model: call.model.clone(),
        background: terms.is_some_and(|terms| terms.background),
        retention: call.retention,
        conversation: call.conversation.clone(),
        previous: terms.and_then(|terms| terms.previous_response.clone()),
        node: None,
        epoch: 0,
        request: Some(call.request.clone()),
        input: terms.map(|terms| Json::of(&terms.input)),
        output: None,
        metadata: call.metadata.clone(),
        created_at: at,
        ended_at: None,
        usage: None,
        timing: None,
        incomplete: None,
        failure: None,
    }
}

/// Who carries it, and hence whether it waits.
fn carried(row: RunRow, past: &Past<Response>) -> RunRow {
    let Some(run) = past.then.state.progress() else {
        return row;
    };
    RunRow {
        node: run.node.clone(),
        epoch: i32::try_from(run.epoch).unwrap_or(i32::MAX),
        status: match row.status {
            RunStatus::Queued if run.node.is_some() => RunStatus::InProgress,
            status => status,
        },
        ..row
    }
}

fn closed(row: &RunRow, ending: &Ending, past: &Past<Response>) -> RunRow {
    let end = |status, answer: Option<&Answer>, usage: Option<Usage>| RunRow {
        status,
        output: answer.map(|answer| answer.body.clone()),
        usage,
        timing: past.events.iter().find_map(|(_, event)| timing(event)),
        ..row.clone()
    };
    match ending {
        Ending::Completed { answer, usage } => {
            end(RunStatus::Completed, Some(answer), Some(*usage))
        }
        Ending::Cancelled { answer, usage } => {
            end(RunStatus::Cancelled, Some(answer), Some(*usage))
        }
        Ending::Incomplete {
            reason,
            answer,
            usage,
        } => RunRow {
            incomplete: Some(*reason),
            ..end(RunStatus::Incomplete, Some(answer), Some(*usage))
        },
        Ending::Failed { failure, partial } => {
            let counted = past.events.iter().find_map(|(_, event)| match event {
                E::Failed { usage, .. } => Some(*usage),
                _ => None,
            });
            let counted = counted.filter(|usage| !usage.is_none());
            RunRow {
                failure: Some(failure.clone()),
                ..end(RunStatus::Failed, partial.as_ref(), counted)
            }
        }
    }
}

fn timing(event: &E) -> Option<Timing> {
    match event {
        E::Completed { timing, .. }
        | E::Incomplete { timing, .. }
        | E::Failed { timing, .. }
        | E::Cancelled { timing, .. } => Some(*timing),
        _ => None,
    }
}

/// Its steps as the read model would show them.
pub(super) fn steps(past: &Past<Response>) -> Vec<StepRow> {
    let run = past.then.state.progress();
    let steps = run.into_iter().flat_map(|run| &run.steps);
    steps.map(|step| shown(step, past)).collect()
}

fn shown(step: &StepSoFar, past: &Past<Response>) -> StepRow {
    let ended = past.events.iter().find_map(|(_, event)| match event {
        E::StepSucceeded {
            step: id,
            took_ms,
            at,
            ..
        }
        | E::StepFailed {
            step: id,
            took_ms,
            at,
            ..
        } if *id == step.step.id => Some((Some(*took_ms), *at)),
        E::StepOutcomeUnknown { step: id, at } if *id == step.step.id => Some((None, *at)),
        _ => None,
    });
    StepRow {
        id: step.step.id.clone(),
        index: i32::try_from(step.step.index).unwrap_or(i32::MAX),
        work: step.step.work.clone(),
        status: match &step.outcome {
            None => StepStatus::InProgress,
            Some(StepOutcome::Failed(_)) => StepStatus::Failed,
            Some(StepOutcome::Unknown) => StepStatus::Unknown,
            Some(_) => StepStatus::Succeeded,
        },
        outcome: step.outcome.clone(),
        planned_at: step.planned_at,
        ended_at: ended.map(|(_, at)| at),
        took_ms: ended.and_then(|(took_ms, _)| i64::try_from(took_ms?).ok()),
    }
}
