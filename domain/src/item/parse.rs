//! Reading an item as clients really send it: easy messages without a `type`, contents that are a
//! plain text, assistant texts without annotations, ids that are null, and Jan's own content shapes.

use serde_json::{Map, Value};

use super::depth::check_depth;
use super::{ContentPart, Item, ItemBody, ItemStatus, Role};
use crate::id::ItemId;

/// Types we keep without interpreting them (OpenAI's list, reference §1.3).
const OPAQUE_ITEMS: &[&str] = &[
    "reasoning",
    "custom_tool_call",
    "custom_tool_call_output",
    "mcp_list_tools",
    "mcp_call",
    "mcp_approval_request",
    "mcp_approval_response",
    "file_search_call",
    "web_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "computer_call",
    "computer_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "tool_search_call",
    "tool_search_output",
    "compaction",
];

const OPAQUE_PARTS: &[&str] = &["input_file", "input_audio", "file", "audio", "summary_text"];

/// What is wrong with an item, and where within it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct InvalidItem {
    /// Path below the item, such as `.content[0].text`; empty for the item itself.
    pub at: String,
    /// A sentence for the caller.
    pub problem: String,
}

fn invalid(at: impl Into<String>, problem: impl Into<String>) -> InvalidItem {
    InvalidItem {
        at: at.into(),
        problem: problem.into(),
    }
}

/// Reads one item of a request; `fresh` is its id unless it brings a good one.
pub fn parse_item(value: Value, fresh: ItemId) -> Result<Item, InvalidItem> {
    check_depth(&value)?;
    let Value::Object(mut fields) = value else {
        return Err(invalid("", "An item must be an object."));
    };
    let id = match fields.remove("id") {
        None | Some(Value::Null) => fresh,
        Some(Value::String(text)) => {
            ItemId::parse(&text).map_err(|_| invalid(".id", "The id is not well formed."))?
        }
        Some(_) => return Err(invalid(".id", "The id must be a string.")),
    };
    let body = match fields.get("type").unwrap_or(&Value::Null) {
        Value::Null => message(&mut fields)?,
        Value::String(kind) if kind == "message" => message(&mut fields)?,
        Value::String(kind) if kind == "function_call" => function_call(&mut fields)?,
        Value::String(kind) if kind == "function_call_output" => call_output(&mut fields)?,
        Value::String(kind) if OPAQUE_ITEMS.contains(&kind.as_str()) => {
            fields.remove("status");
            ItemBody::Opaque(fields)
        }
        Value::String(kind) => {
            return Err(invalid(
                ".type",
                format!("Unknown item type '{}'.", shown(kind)),
            ));
        }
        _ => return Err(invalid(".type", "The type must be a string.")),
    };
    Ok(Item {
        id,
        status: ItemStatus::Completed,
        body,
    })
}

fn message(fields: &mut Map<String, Value>) -> Result<ItemBody, InvalidItem> {
    let role = text(fields, "role")?;
    let role = Role::parse(&role)
        .ok_or_else(|| invalid(".role", format!("Unknown role '{}'.", shown(&role))))?;
    let content = match fields.remove("content") {
        Some(Value::String(text)) => vec![spoken(role, text)],
        Some(Value::Array(parts)) => parts
            .into_iter()
            .enumerate()
            .map(|(at, part)| {
                content_part(role, part).map_err(|e| under(&format!(".content[{at}]"), e))
            })
            .collect::<Result<_, _>>()?,
        _ => {
            return Err(invalid(
                ".content",
                "The content must be a string or a list of parts.",
            ));
        }
    };
    Ok(ItemBody::Message { role, content })
}

fn spoken(role: Role, text: String) -> ContentPart {
    match role {
        Role::Assistant => ContentPart::output(text),
        _ => ContentPart::input(text),
    }
}

fn under(path: &str, error: InvalidItem) -> InvalidItem {
    InvalidItem {
        at: format!("{path}{}", error.at),
        problem: error.problem,
    }
}

fn content_part(role: Role, part: Value) -> Result<ContentPart, InvalidItem> {
    let Value::Object(mut fields) = part else {
        return Err(invalid("", "A content part must be an object."));
    };
    let kind = text(&mut fields, "type")?;
    match kind.as_str() {
        "input_text" => Ok(ContentPart::input(words(&mut fields, &kind)?)),
        "output_text" => Ok(ContentPart::OutputText {
            text: words(&mut fields, &kind)?,
            annotations: match fields.remove("annotations") {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            },
            logprobs: fields.remove("logprobs").filter(|value| !value.is_null()),
        }),
        "text" => Ok(spoken(role, words(&mut fields, &kind)?)),
        "refusal" => Ok(ContentPart::Refusal {
            refusal: text(&mut fields, "refusal")?,
        }),
        "reasoning_text" => Ok(ContentPart::ReasoningText {
            text: words(&mut fields, &kind)?,
        }),
        "input_image" | "image" | "image_url" => image(&mut fields),
        known if OPAQUE_PARTS.contains(&known) => {
            fields.insert("type".to_owned(), Value::String(kind));
            Ok(ContentPart::Opaque(fields))
        }
        other => Err(invalid(
            ".type",
            format!("Unknown content type '{}'.", shown(other)),
        )),
    }
}

/// The words of a part: OpenAI's `text`, or Jan's `text.text` or `<type>: {text}`.
fn words(fields: &mut Map<String, Value>, kind: &str) -> Result<String, InvalidItem> {
    for key in ["text", kind] {
        match fields.remove(key) {
            Some(Value::String(text)) => return Ok(text),
            Some(Value::Object(mut inner)) => {
                return text(&mut inner, "text").map_err(|e| under(&format!(".{key}"), e));
            }
            None => {}
            Some(_) => return Err(invalid(format!(".{key}"), "The text must be a string.")),
        }
    }
    Err(invalid(".text", "Missing required field 'text'."))
}

fn image(fields: &mut Map<String, Value>) -> Result<ContentPart, InvalidItem> {
    let url = |value: Option<Value>| match value {
        Some(Value::String(url)) => Some(url),
        Some(Value::Object(mut inner)) => match inner.remove("url") {
            Some(Value::String(url)) => Some(url),
            _ => None,
        },
        _ => None,
    };
    let image_url = url(fields.remove("image_url")).or_else(|| url(fields.remove("image")));
    let file_id = url(fields.remove("file_id"));
    if image_url.is_none() && file_id.is_none() {
        return Err(invalid(
            ".image_url",
            "An image needs an 'image_url' or a 'file_id'.",
        ));
    }
    Ok(ContentPart::InputImage {
        image_url,
        file_id,
        detail: url(fields.remove("detail")),
    })
}

fn function_call(fields: &mut Map<String, Value>) -> Result<ItemBody, InvalidItem> {
    Ok(ItemBody::FunctionCall {
        call_id: text(fields, "call_id")?,
        name: text(fields, "name")?,
        arguments: text(fields, "arguments")?,
        namespace: match fields.remove("namespace") {
            Some(Value::String(namespace)) => Some(namespace),
            _ => None,
        },
    })
}

fn call_output(fields: &mut Map<String, Value>) -> Result<ItemBody, InvalidItem> {
    let call_id = text(fields, "call_id")?;
    match fields.remove("output") {
        Some(output @ (Value::String(_) | Value::Array(_))) => {
            Ok(ItemBody::FunctionCallOutput { call_id, output })
        }
        _ => Err(invalid(
            ".output",
            "The output must be a string or a list of parts.",
        )),
    }
}

fn text(fields: &mut Map<String, Value>, key: &str) -> Result<String, InvalidItem> {
    match fields.remove(key) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(invalid(
            format!(".{key}"),
            format!("Missing required field '{key}'."),
        )),
        Some(_) => Err(invalid(
            format!(".{key}"),
            format!("The field '{key}' must be a string."),
        )),
    }
}

/// As much of a caller's word as an error message should repeat.
fn shown(word: &str) -> String {
    word.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ITEM_DEPTH_MAX;
    use serde_json::json;

    fn fresh() -> ItemId {
        ItemId::parse("msg_fresh").unwrap()
    }

    #[test]
    fn history_is_accepted_as_clients_really_send_it() {
        let easy = parse_item(json!({"role": "user", "content": "hi"}), fresh()).unwrap();
        assert_eq!(
            easy.body,
            ItemBody::Message {
                role: Role::User,
                content: vec![ContentPart::input("hi")]
            }
        );
        let bare = json!({"id": null, "type": "message", "role": "assistant",
            "content": [{"type": "output_text", "text": "yes"}]});
        assert_eq!(
            serde_json::to_value(parse_item(bare, fresh()).unwrap()).unwrap(),
            json!({"id": "msg_fresh", "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "yes", "annotations": []}]}),
        );
        let jan = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": {"text": "x"}}]});
        assert_eq!(
            parse_item(jan, fresh()).unwrap().role(),
            Some(Role::Assistant)
        );
    }

    #[test]
    fn a_wrong_item_is_refused_at_its_field() {
        for (item, at) in [
            (json!("x"), ""),
            (json!({"content": "x"}), ".role"),
            (json!({"role": "king", "content": "x"}), ".role"),
            (json!({"role": "user"}), ".content"),
            (
                json!({"role": "user", "content": [{"type": "input_text"}]}),
                ".content[0].text",
            ),
            (
                json!({"role": "user", "content": [{"type": "smell"}]}),
                ".content[0].type",
            ),
            (json!({"type": "gift"}), ".type"),
            (
                json!({"type": "function_call", "call_id": "c", "name": 1}),
                ".name",
            ),
            (json!({"id": "a b", "role": "user", "content": "x"}), ".id"),
        ] {
            assert_eq!(
                parse_item(item.clone(), fresh()).unwrap_err().at,
                at,
                "{item}"
            );
        }
    }

    #[test]
    fn an_item_nests_at_most_to_the_limit() {
        let nested = |levels| {
            let summary = (1..levels).fold(json!(1), |inner, _| json!([inner]));
            parse_item(json!({"type": "reasoning", "summary": summary}), fresh())
        };
        assert!(nested(ITEM_DEPTH_MAX).is_ok());
        assert!(nested(ITEM_DEPTH_MAX + 1).is_err());
    }

    #[test]
    fn every_kept_item_reads_back_as_itself() {
        for item in [
            json!({"type": "reasoning", "summary": []}),
            json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}),
            json!({"type": "function_call_output", "call_id": "c", "output": "4"}),
            json!({"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}),
        ] {
            let item = parse_item(item, fresh()).unwrap();
            let text = serde_json::to_string(&item).unwrap();
            assert_eq!(serde_json::from_str::<Item>(&text).unwrap(), item, "{text}");
        }
    }
}
