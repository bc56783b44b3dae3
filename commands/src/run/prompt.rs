use bytes::Bytes;
use jan_domain::item::{Item, ItemBody, Role, chat_messages};
use jan_domain::response::run::Progress;
use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::recorded::RecordedRequest;

/// The request body for the provider: what the application says, the context, what the run has said
/// and done so far, and the tools on offer.
pub(super) fn provider_body(
    request: &RecordedRequest,
    model: &str,
    context: &[Item],
    (progress, catalogue): (&Progress, &Catalogue),
) -> Bytes {
    let mut messages: Vec<Value> = Vec::new();
    if let Some(text) = &request.instructions {
        messages.push(json!({"role": "system", "content": text}));
    }
    messages.extend(chat_messages(context));
    messages.extend(progress.messages());
    let first_round = progress.rounds().next().is_none();
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    let parallel = "parallel_tool_calls";
    for (name, value) in &request.parameters {
        // Some providers refuse it when there is no tool.
        if name != parallel || !catalogue.tools.is_empty() {
            body.insert(name.clone(), value.clone());
        }
    }
    if !catalogue.tools.is_empty() {
        body.insert("tools".to_owned(), Value::Array(catalogue.tools.clone()));
    }
    if let Some(choice) = catalogue.choice(&request.tool_choice, first_round) {
        body.insert("tool_choice".to_owned(), choice);
    }
    Value::Object(body).to_string().into()
}

/// A context without its oldest part: about half of it, up to a message of the user, so that no call
/// is parted from what it gave. `None` when nothing can be left out any more.
pub(super) fn shortened(context: &[Item]) -> Option<&[Item]> {
    let half = context.len().div_ceil(2);
    let begins = |item: &Item| item.role() == Some(Role::User);
    let at = context.get(half..)?.iter().position(begins)?;
    Some(&context[half + at..])
}

/// The first call in `context` that has no output: no model takes a history with one.
pub(super) fn unanswered_call(context: &[Item]) -> Option<&str> {
    let answered = |id: &str| {
        context.iter().any(|item| match &item.body {
            ItemBody::FunctionCallOutput { call_id, .. } => call_id == id,
            ItemBody::Opaque(fields) if item.kind() == "custom_tool_call_output" => {
                fields.get("call_id").and_then(Value::as_str) == Some(id)
            }
            _ => false,
        })
    };
    calls(context).find(|id| !answered(id))
}

/// The first output in `context` whose call is not there.
pub(super) fn unasked_output(context: &[Item]) -> Option<&str> {
    let asked = |id: &str| calls(context).any(|call| call == id);
    context
        .iter()
        .filter_map(|item| match &item.body {
            ItemBody::FunctionCallOutput { call_id, .. } => Some(call_id.as_str()),
            _ => None,
        })
        .find(|id| !asked(id))
}

fn calls(context: &[Item]) -> impl Iterator<Item = &str> {
    context.iter().filter_map(|item| match &item.body {
        ItemBody::FunctionCall { call_id, .. } => Some(call_id.as_str()),
        ItemBody::Opaque(fields) if item.kind() == "custom_tool_call" => {
            fields.get("call_id").and_then(Value::as_str)
        }
        _ => None,
    })
}
