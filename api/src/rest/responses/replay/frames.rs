//! What is on record of a response, event by event.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate as _;
use jan_commands::store::{Past, Record};
use jan_domain::id::ResponseId;
use jan_domain::response::run::{Progress, Step, StepOutcome, Work};
use jan_domain::response::{Response, ResponseEvent as E, Usage};
use serde_json::{Value, json};

use crate::rest::moment::precisely;
use crate::rest::responses::past;
use crate::rest::responses::portrait::usage_of;

/// The whole replay of a response's past.
pub(crate) fn replay(id: &ResponseId, past: &Past<Response>) -> Value {
    let mut frames = Vec::new();
    let mut before = Before::default();
    for (record, event) in &past.events {
        frames.push(before.frame(record, event));
    }
    let row = past::row(past, id);
    let run = past.then.state.progress();
    json!({
        "object": "response.replay",
        "response_id": id,
        "model": row.as_ref().map(|row| row.model.as_str()),
        "status": row.as_ref().map(|row| row.status.as_str()),
        "version": past.then.version,
        "frames": frames,
        "totals": {
            "duration_ms": row.as_ref().and_then(|row| row.timing).map(|timing| timing.total_ms),
            "first_token_ms": row.as_ref().and_then(|row| row.timing)
                .map(|timing| timing.first_token_ms),
            "usage": row.and_then(|row| row.usage).map(usage_of),
            "steps": run.map_or(0, |run| run.steps.len()),
            "tool_calls": run.map_or(0, |run| run.uses().count()),
        },
    })
}

/// What was known before an event.
#[derive(Default)]
struct Before {
    state: Response,
    began_at: Option<DateTime<Utc>>,
    last_at: Option<DateTime<Utc>>,
    output: Vec<Value>,
    usage: Usage,
}

impl Before {
    /// The event, and what it changed.
    fn frame(&mut self, record: &Record, event: &E) -> Value {
        self.state.apply(event.clone());
        let at = record.recorded_at;
        let began_at = *self.began_at.get_or_insert(at);
        let last_at = self.last_at.replace(at).unwrap_or(at);
        let output = output_of(&self.state);
        let known = std::mem::replace(&mut self.output, output);
        let news = self.output.iter().filter(|item| !known.contains(item));
        let news: Vec<&Value> = news.collect();
        let usage = usage_after(&self.state);
        let spent = usage
            .total_tokens()
            .saturating_sub(self.usage.total_tokens());
        self.usage = usage;
        json!({
            "version": record.version,
            "position": record.position,
            "event": record.event_type,
            "recorded_at": precisely(at),
            "actor": record.actor,
            "request_id": (!record.request.is_empty()).then_some(&record.request),
            "since_last_ms": (at - last_at).num_milliseconds().max(0),
            "since_start_ms": (at - began_at).num_milliseconds().max(0),
            "told": told(event),
            "output_changed": news,
            "tokens_spent": spent,
        })
    }
}

fn output_of(state: &Response) -> Vec<Value> {
    match state {
        Response::Open(call) => {
            let items = call.run.iter().flat_map(|run| run.output());
            items.map(|item| json!(item)).collect()
        }
        Response::Closed { ending, .. } => {
            let answer = super::comparison::answer_of(ending);
            answer
                .and_then(|answer| answer.body.read().ok())
                .unwrap_or_default()
        }
        Response::NotRequested | Response::Deleted { .. } => Vec::new(),
    }
}

fn usage_after(state: &Response) -> Usage {
    match state {
        Response::Closed { ending, call, .. } => super::comparison::usage_of_ending(ending)
            .or_else(|| call.run.as_ref().map(|run| run.usage()))
            .unwrap_or_default(),
        _ => state.progress().map(Progress::usage).unwrap_or_default(),
    }
}

/// What an event tells: inputs, outputs, how long it took.
fn told(event: &E) -> Value {
    match event {
        E::Requested { call, .. } => {
            let terms = call.run.as_deref();
            json!({
                "model": call.model,
                "provider": call.step.provider,
                "provider_model": call.step.model,
                "request": call.request,
                "input": terms.map(|terms| &terms.input),
                "conversation": call.conversation,
                "previous_response_id": terms.and_then(|terms| terms.previous_response.as_ref()),
                "background": terms.is_some_and(|terms| terms.background),
                "stream": call.stream,
            })
        }
        E::Claimed { node, epoch, .. } => json!({"node": node, "attempt": epoch}),
        E::StepPlanned { step, .. } => planned(step),
        E::StepSucceeded {
            step,
            outcome,
            took_ms,
            ..
        } => json!({"step": step, "duration_ms": took_ms, "outcome": outcome_of(outcome)}),
        E::StepFailed {
            step,
            failure,
            took_ms,
            ..
        } => json!({"step": step, "duration_ms": took_ms, "error": failure}),
        E::StepOutcomeUnknown { step, .. } => json!({"step": step}),
        E::Completed { usage, timing, .. } | E::Cancelled { usage, timing, .. } => {
            json!({"usage": usage_of(*usage), "duration_ms": timing.total_ms})
        }
        E::Incomplete {
            reason,
            usage,
            timing,
            ..
        } => json!({"reason": reason, "usage": usage_of(*usage), "duration_ms": timing.total_ms}),
        E::Failed {
            failure, timing, ..
        } => json!({"error": failure, "duration_ms": timing.total_ms}),
        E::MetadataReplaced { metadata, .. } => json!({"metadata": metadata}),
        E::Deleted { .. } => json!({}),
    }
}

fn planned(step: &Step) -> Value {
    let mut shown = json!({"step": step.id, "index": step.index});
    match &step.work {
        Work::Infer => shown["type"] = json!("inference"),
        Work::ListTools { server, .. } => {
            shown["type"] = json!("tool_list");
            shown["server_label"] = json!(server);
        }
        Work::CallTool(used) => {
            shown["type"] = json!("tool_call");
            shown["server_label"] = json!(used.server);
            shown["tool"] = json!(used.tool);
            shown["arguments"] = json!(used.arguments);
            shown["effect"] = json!(used.effect);
        }
    }
    shown
}

fn outcome_of(outcome: &StepOutcome) -> Value {
    match outcome {
        StepOutcome::Said(said) => json!({
            "model": said.model,
            "items": said.items,
            "usage": usage_of(said.usage),
        }),
        StepOutcome::Listed(tools) => {
            let names = tools.iter().map(|tool| tool.name.as_str());
            json!({"tools": names.collect::<Vec<_>>()})
        }
        StepOutcome::Returned(told) => json!({"output": told.output, "is_error": told.is_error}),
        StepOutcome::Failed(failure) => json!({"error": failure}),
        StepOutcome::Unknown => Value::Null,
    }
}
