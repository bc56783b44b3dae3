use serde_json::{Value, json};

use super::{ContentPart, Item, ItemBody, Role};

/// The chat messages that show a model what a conversation holds, oldest first.
///
/// Calls that belong to one assistant turn become one message, as chat demands. Items that only
/// concern the client or a server-side tool are left out.
pub fn chat_messages(items: &[Item]) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    for item in items {
        match &item.body {
            ItemBody::Message { role, content } => messages.push(message(*role, content)),
            ItemBody::FunctionCall {
                call_id,
                name,
                arguments,
            } => {
                let call = json!({"id": call_id, "type": "function",
                    "function": {"name": name, "arguments": arguments}});
                add_call(&mut messages, call);
            }
            ItemBody::FunctionCallOutput { call_id, output } => messages.push(
                json!({"role": "tool", "tool_call_id": call_id, "content": output_text(output)}),
            ),
            ItemBody::Opaque(fields) if item.kind() == "custom_tool_call" => {
                let call = json!({"id": fields.get("call_id"), "type": "custom",
                    "custom": {"name": fields.get("name"), "input": fields.get("input")}});
                add_call(&mut messages, call);
            }
            ItemBody::Opaque(_) => {}
        }
    }
    messages
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
    let parts: Vec<Value> = content.iter().filter_map(part).collect();
    json!({"role": role.as_str(), "content": parts})
}

fn part(part: &ContentPart) -> Option<Value> {
    match part {
        ContentPart::InputImage {
            image_url: Some(url),
            detail,
            ..
        } => {
            let mut image = json!({"url": url});
            if let Some(detail) = detail {
                image["detail"] = json!(detail);
            }
            Some(json!({"type": "image_url", "image_url": image}))
        }
        ContentPart::Opaque(fields) => Some(Value::Object(fields.clone())),
        other => other
            .words()
            .map(|text| json!({"type": "text", "text": text})),
    }
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
