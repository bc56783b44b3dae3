//! Two responses side by side.

use std::time::Duration;

use jan_commands::store::Past;
use jan_domain::id::ResponseId;
use jan_domain::response::run::Progress;
use jan_domain::response::{Answer, Ending, Response, Usage};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use crate::rest::responses::past;
use crate::rest::responses::portrait::usage_of;

/// Longest a comparison of two texts looks for the shortest difference; then a longer one will do.
const DIFF_MAX: Duration = Duration::from_secs(1);

/// The answer that an ending holds.
pub(super) fn answer_of(ending: &Ending) -> Option<&Answer> {
    match ending {
        Ending::Completed { answer, .. }
        | Ending::Incomplete { answer, .. }
        | Ending::Cancelled { answer, .. } => Some(answer),
        Ending::Failed { partial, .. } => partial.as_ref(),
    }
}

/// What an ending says that it cost.
pub(super) fn usage_of_ending(ending: &Ending) -> Option<Usage> {
    match ending {
        Ending::Completed { usage, .. }
        | Ending::Incomplete { usage, .. }
        | Ending::Cancelled { usage, .. } => Some(*usage),
        Ending::Failed { .. } => None,
    }
}

/// One side of a comparison.
struct Side {
    id: ResponseId,
    model: String,
    status: &'static str,
    text: String,
    calls: Vec<Value>,
    usage: Usage,
    duration_ms: u64,
}

impl Side {
    fn of(id: &ResponseId, told: &Past<Response>) -> Option<Self> {
        let row = past::row(told, id)?;
        let output: Vec<Value> = match &told.then.state {
            Response::Closed { ending, .. } => answer_of(ending)
                .and_then(|answer| answer.body.read().ok())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        Some(Self {
            id: id.clone(),
            model: row.model,
            status: row.status.as_str(),
            text: text_of(&output),
            calls: calls_of(&output, told),
            usage: row.usage.unwrap_or_default(),
            duration_ms: row.timing.unwrap_or_default().total_ms,
        })
    }

    fn shown(&self) -> Value {
        json!({
            "response_id": self.id,
            "model": self.model,
            "status": self.status,
            "output_text": self.text,
            "tool_calls": self.calls,
            "usage": usage_of(self.usage),
            "duration_ms": self.duration_ms,
        })
    }
}

/// What differs between a response and the one that was made after it.
pub(super) fn compare(
    (first, told): (&ResponseId, &Past<Response>),
    (second, made): (&ResponseId, &Past<Response>),
) -> Option<Value> {
    let (first, second) = (Side::of(first, told)?, Side::of(second, made)?);
    let (calls_gone, calls_new) = parted(&first.calls, &second.calls);
    Some(json!({
        "object": "response.comparison",
        "original": first.shown(),
        "re_executed": second.shown(),
        "diff": {
            "same_text": first.text == second.text,
            "text": text_diff(&first.text, &second.text),
            "tool_calls": {
                "same": calls_gone.is_empty() && calls_new.is_empty(),
                "only_original": calls_gone,
                "only_re_executed": calls_new,
            },
            "usage": {
                "input_tokens": less(second.usage.input_tokens, first.usage.input_tokens),
                "output_tokens": less(second.usage.output_tokens, first.usage.output_tokens),
                "total_tokens": less(second.usage.total_tokens(), first.usage.total_tokens()),
            },
            "duration_ms": less(second.duration_ms, first.duration_ms),
        },
    }))
}

fn less(more: u64, less: u64) -> i128 {
    i128::from(more) - i128::from(less)
}

/// The words of all messages, a line for each.
fn text_of(output: &[Value]) -> String {
    let messages = output.iter().filter(|item| item["type"] == "message");
    let texts = messages.map(|message| {
        let parts = message["content"].as_array().into_iter().flatten();
        parts
            .filter_map(|part| part["text"].as_str().or(part["refusal"].as_str()))
            .collect::<String>()
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Calls by name and arguments: those that the server made, then those left to the client.
fn calls_of(output: &[Value], told: &Past<Response>) -> Vec<Value> {
    let run = told.then.state.progress();
    let made = run.into_iter().flat_map(Progress::uses).map(|(used, _)| {
        json!({"server_label": used.server, "name": used.tool, "arguments": read(&used.arguments)})
    });
    let left = output.iter().filter(|item| item["type"] == "function_call");
    let left = left.map(|call| {
        let arguments = call["arguments"].as_str().unwrap_or_default();
        json!({"name": call["name"], "arguments": read(arguments)})
    });
    made.chain(left).collect()
}

/// Arguments as JSON, so that spaces and order make no difference; as text where they are none.
fn read(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments))
}

/// What only the first has, and what only the second has.
fn parted(first: &[Value], second: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let mut new = second.to_vec();
    let mut gone = Vec::new();
    for call in first {
        match new.iter().position(|other| other == call) {
            Some(place) => {
                new.remove(place);
            }
            None => gone.push(call.clone()),
        }
    }
    (gone, new)
}

/// The way from one text to another, by lines if both have several, else by words.
fn text_diff(first: &str, second: &str) -> Vec<Value> {
    let mut config = TextDiff::configure();
    config.timeout(DIFF_MAX);
    let diff = if first.contains('\n') && second.contains('\n') {
        config.diff_lines(first, second)
    } else {
        config.diff_words(first, second)
    };
    let mut told: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match told.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => told.push((change.tag(), change.value().to_owned())),
        }
    }
    let shown = told.into_iter().map(|(tag, text)| {
        let what = match tag {
            ChangeTag::Equal => "equal",
            ChangeTag::Insert => "insert",
            ChangeTag::Delete => "delete",
        };
        json!({"op": what, "text": text})
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_leads_from_one_text_to_the_other() {
        for (first, second) in [
            ("tea is green", "tea is black"),
            ("", "new"),
            ("a\nb\nc\n", "a\nx\nc\n"),
            ("same", "same"),
        ] {
            let told = text_diff(first, second);
            let side = |leave_out: &str| -> String {
                let kept = told.iter().filter(|change| change["op"] != leave_out);
                kept.filter_map(|change| change["text"].as_str()).collect()
            };
            assert_eq!(
                (side("insert"), side("delete")),
                (first.to_owned(), second.to_owned())
            );
        }
        let told = text_diff("tea is green", "tea is black");
        assert_eq!(told[0], json!({"op": "equal", "text": "tea is "}));
    }

    #[test]
    fn calls_are_compared_by_what_they_ask() {
        let call = |n: u8| json!({"name": "echo", "arguments": {"n": n}});
        let (gone, new) = parted(&[call(1), call(1), call(2)], &[call(1), call(3)]);
        assert_eq!((gone, new), (vec![call(1), call(2)], vec![call(3)]));
        assert_eq!(read("{\"a\": 1}"), read("{\"a\":1}"));
    }
}
