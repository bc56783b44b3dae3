use serde_json::{Map, Value, json};

use super::{ContentPart, Item, ItemBody, Role};
use crate::media::reference;
use crate::response::run::{call_error_text, offered_name};

/// The chat messages that show a model what a conversation holds, oldest first.
///
/// Calls that belong to one assistant turn become one message, as chat demands. Items that only
/// concern the client or a server-side tool are left out.
///
/// A call of a server-side tool and its result are told together. One that waits for an approval,
/// or waited in vain, is told with what became of it; nobody answered, nobody hears of it.
pub fn chat_messages(items: &[Item]) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    let mut at = 0;
    while let Some(item) = items.get(at) {
        let together = items[at..].iter().take_while(|item| is_server_call(item));
        let together = together.count();
        if together == 0 {
            tell(item, &mut messages);
            at += 1;
            continue;
        }
        let calls = items[at..at + together].iter();
        let calls: Vec<ToldCall> = calls.filter_map(|call| told_call(call, items)).collect();
        for call in &calls {
            add_call(&mut messages, call.function());
        }
        messages.extend(calls.iter().map(ToldCall::result));
        at += together;
    }
    messages
}

fn tell(item: &Item, messages: &mut Vec<Value>) {
    match &item.body {
        ItemBody::Message { role, content } => messages.push(message(*role, content)),
        ItemBody::FunctionCall {
            call_id,
            name,
            arguments,
            ..
        } => {
            let call = json!({"id": call_id, "type": "function",
                "function": {"name": name, "arguments": arguments}});
            add_call(messages, call);
        }
        ItemBody::FunctionCallOutput { call_id, output } => messages
            .push(json!({"role": "tool", "tool_call_id": call_id, "content": output_text(output)})),
        ItemBody::Opaque(fields) if item.kind() == "custom_tool_call" => {
            let call = json!({"id": fields.get("call_id"), "type": "custom",
                "custom": {"name": fields.get("name"), "input": fields.get("input")}});
            add_call(messages, call);
        }
        ItemBody::Opaque(fields) if item.kind() == "custom_tool_call_output" => {
            let output = fields.get("output").map(output_text);
            messages.push(
                json!({"role": "tool", "tool_call_id": fields.get("call_id"),
                "content": output}),
            );
        }
        ItemBody::Opaque(fields) if item.kind() == "compaction" => {
            let summary = fields.get("encrypted_content").and_then(Value::as_str);
            messages.extend(summary.map(told_summary));
        }
        ItemBody::Opaque(_) => {}
    }
}

/// What a compaction keeps of the items it stands for.
fn told_summary(summary: &str) -> Value {
    json!({"role": "system", "content":
        format!("A summary of the conversation so far:\n{summary}")})
}

/// A call of a server-side tool, and what became of it.
struct ToldCall {
    id: String,
    name: String,
    arguments: String,
    result: String,
}

impl ToldCall {
    fn function(&self) -> Value {
        json!({"id": self.id, "type": "function",
            "function": {"name": self.name, "arguments": self.arguments}})
    }

    fn result(&self) -> Value {
        json!({"role": "tool", "tool_call_id": self.id, "content": self.result})
    }
}

fn is_server_call(item: &Item) -> bool {
    matches!(item.kind(), "mcp_call" | "mcp_approval_request")
}

fn told_call(item: &Item, items: &[Item]) -> Option<ToldCall> {
    let ItemBody::Opaque(fields) = &item.body else {
        return None;
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let result = match item.kind() {
        "mcp_call" => {
            let error = || fields.get("error").and_then(call_error_text);
            text("output").or_else(|| error().map(|error| format!("Error: {error}")))
        }
        _ => refusal_of(item, items),
    };
    Some(ToldCall {
        id: item.id.to_string(),
        name: offered_name(&text("server_label")?, &text("name")?),
        arguments: text("arguments")?,
        result: result?,
    })
}

/// What the model is told of a call that the caller did not approve; nothing as long as it is open,
/// or when it was approved and made.
fn refusal_of(request: &Item, items: &[Item]) -> Option<String> {
    let answers = items.iter().filter_map(|item| match &item.body {
        ItemBody::Opaque(fields) if item.kind() == "mcp_approval_response" => Some(fields),
        _ => None,
    });
    let id = request.id.as_str();
    let mut own = answers
        .filter(|fields| fields.get("approval_request_id").and_then(Value::as_str) == Some(id));
    let answer = own.next()?;
    if answer.get("approve") == Some(&Value::Bool(true)) {
        return None;
    }
    let reason = answer.get("reason").and_then(Value::as_str);
    Some(reason.map_or_else(
        || "The user did not allow this call.".to_owned(),
        |reason| format!("The user did not allow this call: {reason}"),
    ))
}

fn message(role: Role, content: &[ContentPart]) -> Value {
    let texts_only = content.iter().all(|part| part.words().is_some());
    let reasoning_aside = content
        .iter()
        .all(|part| part.words().is_some() || matches!(part, ContentPart::ReasoningText { .. }));
    if texts_only || role == Role::Assistant && reasoning_aside {
        let text: String = content.iter().filter_map(ContentPart::words).collect();
        return json!({"role": role.as_str(), "content": text});
    }
    let parts: Vec<Value> = content.iter().filter_map(told_part).collect();
    json!({"role": role.as_str(), "content": parts})
}

/// A part as chat has it; nothing of one that a model cannot be told.
pub(super) fn told_part(part: &ContentPart) -> Option<Value> {
    match part {
        ContentPart::InputImage {
            image_url,
            file_id,
            detail,
        } => {
            let stored = file_id.as_ref().filter(|id| reference(id).is_some());
            let url = image_url.as_ref().or(stored)?;
            let mut image = json!({"url": url});
            if let Some(detail) = detail {
                image["detail"] = json!(detail);
            }
            Some(json!({"type": "image_url", "image_url": image}))
        }
        ContentPart::Opaque(fields) => Some(opaque_part(fields.clone())),
        other => other
            .words()
            .map(|text| json!({"type": "text", "text": text})),
    }
}

/// A file has its fields apart from its type in chat.
fn opaque_part(mut fields: Map<String, Value>) -> Value {
    if fields.get("type").is_some_and(|kind| kind == "input_file") {
        fields.remove("type");
        return json!({"type": "file", "file": fields});
    }
    Value::Object(fields)
}

fn add_call(messages: &mut Vec<Value>, call: Value) {
    let assistant_turn = messages
        .last_mut()
        .filter(|last| last["role"] == "assistant");
    let Some(turn) = assistant_turn else {
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
        return;
    };
    match turn["tool_calls"].as_array_mut() {
        Some(calls) => calls.push(call),
        None => turn["tool_calls"] = json!([call]),
    }
}

fn output_text(output: &Value) -> Value {
    let Some(parts) = output.as_array() else {
        return output.clone();
    };
    let text: String = parts
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    Value::String(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ItemId;
    use crate::item::parse_item;

    #[test]
    fn a_turn_with_calls_is_one_assistant_message() {
        let items: Vec<Item> = [
            json!({"role": "user", "content": "weather?"}),
            json!({"role": "assistant", "content": "let me look"}),
            json!({"type": "function_call", "call_id": "a", "name": "w", "arguments": "{}"}),
            json!({"type": "function_call", "call_id": "b", "name": "w", "arguments": "{}"}),
            json!({"type": "function_call_output", "call_id": "a", "output": "sun"}),
            json!({"type": "reasoning", "summary": []}),
        ]
        .into_iter()
        .map(|item| parse_item(item, ItemId::parse("msg_1").unwrap()).unwrap())
        .collect();
        let messages = chat_messages(&items);
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[1]["content"], "let me look");
        assert_eq!(messages[1]["tool_calls"].as_array().unwrap().len(), 2);
        assert_eq!(
            messages[2],
            json!({"role": "tool", "tool_call_id": "a", "content": "sun"})
        );
    }
}
