use serde_json::{Value, json};

use super::{Declined, Progress, Said, StepOutcome, StepSoFar, Work};
use crate::item::chat_messages;

impl Progress {
    /// The chat messages that tell the model what it said and what its tools gave in this run.
    pub fn messages(&self) -> Vec<Value> {
        let first = self
            .steps
            .iter()
            .position(|step| step.step.work == Work::Infer);
        let approved = &self.steps[..first.unwrap_or(self.steps.len())];
        let mut messages = turn(None, approved);
        for (said, calls) in self.rounds() {
            messages.extend(turn(Some(said), calls));
        }
        messages
    }
}

/// One assistant message with its calls, and a message for each result.
fn turn(said: Option<&Said>, calls: &[StepSoFar]) -> Vec<Value> {
    let mut messages = said.map_or_else(Vec::new, |said| chat_messages(&said.items));
    let made = calls.iter().filter_map(|step| match &step.step.work {
        Work::CallTool(used) => Some((
            used.call_id.as_str(),
            used.offered.as_str(),
            used.arguments.as_str(),
            told(step.outcome.as_ref()),
        )),
        Work::Infer | Work::ListTools { .. } => None,
    });
    let declined = said
        .map(|said| said.declined.as_slice())
        .unwrap_or_default();
    let declined = declined.iter().map(|call| {
        let Declined {
            call_id,
            offered,
            arguments,
            reason,
        } = call;
        (
            call_id.as_str(),
            offered.as_str(),
            arguments.as_str(),
            reason.clone(),
        )
    });
    let all: Vec<_> = made.chain(declined).collect();
    if all.is_empty() {
        return messages;
    }
    let calls: Vec<Value> = all
        .iter()
        .map(|(id, name, arguments, _)| {
            json!({"id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    match messages
        .last_mut()
        .filter(|last| last["role"] == "assistant")
    {
        Some(last) => match last["tool_calls"].as_array_mut() {
            Some(known) => known.extend(calls),
            None => last["tool_calls"] = Value::Array(calls),
        },
        None => messages.push(json!({"role": "assistant", "content": null, "tool_calls": calls})),
    }
    messages.extend(
        all.into_iter()
            .map(|(id, .., told)| json!({"role": "tool", "tool_call_id": id, "content": told})),
    );
    messages
}

fn told(outcome: Option<&StepOutcome>) -> String {
    match outcome {
        Some(StepOutcome::Returned(told)) if told.is_error => format!("Error: {}", told.output),
        Some(StepOutcome::Returned(told)) => told.output.clone(),
        Some(StepOutcome::Failed(failure)) => format!("Error: {}", failure.message),
        _ => "Error: there is no result.".to_owned(),
    }
}
