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
            let Some(fields) = message.as_object_mut() else {
                return Err(InvalidItem {
                    at: String::new(),
                    problem: "A message must be an object.".to_owned(),
                });
            };
            // A chat message has no id of ours, whatever a client writes there.
            for name in ["id", "type", "status"] {
                fields.remove(name);
            }
            let calls = fields.remove("tool_calls").unwrap_or_default();
            let mut items = Vec::new();
            if fields
                .get("content")
                .is_some_and(|content| !content.is_null())
            {
                items.push(parse_item(message, ids.message())?);
            }
            items.extend(
                calls
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|call| tool_call(call, ids)),
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

fn tool_call(call: &Value, ids: &dyn IdGenerator) -> Item {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = if call["type"] == "custom" {
        let fields = [
            ("type", Value::from("custom_tool_call")),
            ("call_id", call["id"].clone()),
            ("name", call["custom"]["name"].clone()),
            ("input", call["custom"]["input"].clone()),
        ];
        ItemBody::Opaque(
            fields
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        )
    } else {
        ItemBody::FunctionCall {
            call_id: text(&call["id"]),
            name: text(&call["function"]["name"]),
            arguments: text(&call["function"]["arguments"]),
            namespace: None,
        }
    };
    Item {
        id: ids.function_call(),
        status: ItemStatus::Completed,
        body,
    }
}

/// The items that a chat answer adds to a conversation: what the first choice said and called. Calls
/// of an answer that was cut short are left out: nobody will answer them, and no model takes a
/// history with unanswered calls.
pub fn items_of_chat_answer(
    message: &Value,
    status: ItemStatus,
    keep_reasoning: bool,
    ids: &dyn IdGenerator,
) -> Vec<Item> {
    let mut content = Vec::new();
    let reasoning = message["reasoning_content"].as_str();
    let reasoning = reasoning
        .or_else(|| message["reasoning"].as_str())
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
        .filter(|_| status == ItemStatus::Completed)
        .unwrap_or_default();
    let mut items = Vec::new();
    let silent = content.is_empty() && status != ItemStatus::Completed;
    if !silent && (!content.is_empty() || calls.is_empty()) {
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
    items.extend(calls.iter().map(|call| tool_call(call, ids)));
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
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}}]}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "4"}),
            json!({"role": "tool", "tool_call_id": "c2", "content": "5"}),
        ];
        let items: Vec<Item> = turn
            .iter()
            .flat_map(|message| items_of_chat_message(message.clone(), &ids).unwrap())
            .collect();
        assert_eq!(chat_messages(&items), turn[1..]);
    }

    #[test]
    fn a_clients_own_ids_and_types_are_not_ours() {
        let ids = SeededIds::new([0; 32]);
        for (name, value) in [
            ("id", json!("msg 1")),
            ("id", json!(5)),
            ("type", json!("human")),
        ] {
            let mut message = json!({"role": "user", "content": "hi"});
            message[name] = value;
            assert_eq!(items_of_chat_message(message, &ids).unwrap().len(), 1);
        }
        assert!(items_of_chat_message(json!(["user", "hi"]), &ids).is_err());
    }

    #[test]
    fn an_answer_that_was_cut_short_leaves_no_call_and_no_silence() {
        let ids = SeededIds::new([0; 32]);
        let call =
            json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}});
        let cut = json!({"role": "assistant", "content": "", "tool_calls": [call]});
        assert_eq!(
            items_of_chat_answer(&cut, ItemStatus::Incomplete, false, &ids),
            []
        );
        assert_eq!(
            items_of_chat_answer(&cut, ItemStatus::Completed, false, &ids).len(),
            1
        );
    }
}
