use serde_json::Value;

use super::depth::check_depth;
use super::{ContentPart, InvalidItem, Item, ItemBody, ItemStatus, Role, parse_item};
use crate::ports::IdGenerator;

/// The items that one chat message adds to a conversation. A message with tool calls gives several;
/// what an application says as `system` or `developer` belongs to the call and gives none.
pub fn items_of_chat_message(
    mut message: Value,
    ids: &dyn IdGenerator,
) -> Result<Vec<Item>, InvalidItem> {
    check_depth(&message)?;
    let role = message["role"].as_str().and_then(Role::parse);
    match role {
        Some(Role::System | Role::Developer) => Ok(Vec::new()),
        Some(Role::Tool) => Ok(vec![tool_output(&mut message, ids)]),
        _ => {
            let calls = message["tool_calls"].take();
            let mut items = Vec::new();
            if !message["content"].is_null() {
                items.push(parse_item(message, ids.message())?);
            }
            items.extend(
                calls
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|call| function_call(call, ids)),
            );
            Ok(items)
        }
    }
}

fn tool_output(message: &mut Value, ids: &dyn IdGenerator) -> Item {
    let call_id = message["tool_call_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let output = message["content"].take();
    Item {
        id: ids.function_call(),
        status: ItemStatus::Completed,
        body: ItemBody::FunctionCallOutput { call_id, output },
    }
}

fn function_call(call: &Value, ids: &dyn IdGenerator) -> Item {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Item {
        id: ids.function_call(),
        status: ItemStatus::Completed,
        body: ItemBody::FunctionCall {
            call_id: text(&call["id"]),
            name: text(&call["function"]["name"]),
            arguments: text(&call["function"]["arguments"]),
        },
    }
}

/// The items that a chat answer adds to a conversation: what the first choice said and called.
pub fn items_of_chat_answer(
    message: &Value,
    status: ItemStatus,
    keep_reasoning: bool,
    ids: &dyn IdGenerator,
) -> Vec<Item> {
    let mut content = Vec::new();
    let reasoning = message["reasoning_content"]
        .as_str()
        .filter(|_| keep_reasoning);
    if let Some(text) = reasoning {
        content.push(ContentPart::ReasoningText {
            text: text.to_owned(),
        });
    }
    if let Some(text) = message["content"].as_str().filter(|text| !text.is_empty()) {
        content.push(ContentPart::output(text));
    }
    if let Some(refusal) = message["refusal"].as_str() {
        content.push(ContentPart::Refusal {
            refusal: refusal.to_owned(),
        });
    }
    let calls = message["tool_calls"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut items = Vec::new();
    if !content.is_empty() || calls.is_empty() {
        let body = ItemBody::Message {
            role: Role::Assistant,
            content,
        };
        items.push(Item {
            id: ids.message(),
            status,
            body,
        });
    }
    items.extend(calls.iter().map(|call| function_call(call, ids)));
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::chat_messages;
    use crate::ports::SeededIds;
    use serde_json::json;

    #[test]
    fn a_turn_kept_as_items_is_shown_to_the_model_as_it_was() {
        let ids = SeededIds::new([0; 32]);
        let turn = [
            json!({"role": "system", "content": "be brief"}),
            json!({"role": "user", "content": [
                {"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "https://x/y"}}]}),
            json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "4"}),
        ];
        let items: Vec<Item> = turn
            .iter()
            .flat_map(|message| items_of_chat_message(message.clone(), &ids).unwrap())
            .collect();
        assert_eq!(chat_messages(&items), turn[1..]);
    }
}
