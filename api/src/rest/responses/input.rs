use jan_commands::run::InputItem;
use jan_domain::id::ItemId;
use jan_domain::item::{ContentPart, Item, Role, parse_item};
use jan_domain::ports::IdGenerator;
use serde_json::{Value, json};

use super::warnings::Warnings;
use crate::context::Flavour;
use crate::error::ApiError;

/// Items of one request.
const ITEMS_MAX: usize = 10_000;
/// Item types that tell the server something and the model nothing.
const SILENT: &[&str] = &[
    "compaction_trigger",
    "configuration_update",
    "additional_tools",
];

/// Reads what a request brings: a text, or items as clients really send them. Every item draws an
/// id, needed or not, so that a repeated request draws the same ones.
pub(super) fn read(
    input: Option<&Value>,
    (ids, flavour): (&dyn IdGenerator, Flavour),
    warnings: &mut Warnings,
) -> Result<Vec<InputItem>, ApiError> {
    match input {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![InputItem::Item(said(ids, text))]),
        Some(Value::Array(items)) if items.len() <= ITEMS_MAX => {
            let mut read = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate() {
                read.extend(item_at(place, item, (ids, flavour), warnings)?);
            }
            Ok(read)
        }
        Some(Value::Array(_)) => {
            Err(ApiError::invalid_value(format!("Expected at most {ITEMS_MAX} items.")).at("input"))
        }
        Some(one @ Value::Object(_)) if flavour == Flavour::Jan => {
            Ok(item_at(0, one, (ids, flavour), warnings)?
                .into_iter()
                .collect())
        }
        Some(_) => Err(ApiError::invalid_type("Expected a string or a list of items.").at("input")),
    }
}

fn said(ids: &dyn IdGenerator, text: &str) -> Item {
    Item::message(ids.message(), Role::User, vec![ContentPart::input(text)])
}

fn item_at(
    place: usize,
    item: &Value,
    (ids, flavour): (&dyn IdGenerator, Flavour),
    warnings: &mut Warnings,
) -> Result<Option<InputItem>, ApiError> {
    let fresh = ids.message();
    let kind = item["type"].as_str().unwrap_or_default();
    if SILENT.contains(&kind) {
        warnings.add(format!("items of type '{kind}' have no effect"));
        return Ok(None);
    }
    if let Some(id) = reference(item) {
        let id = ItemId::parse(id).map_err(|_| {
            ApiError::invalid_value("The id is not well formed.").at(format!("input[{place}].id"))
        })?;
        return Ok(Some(InputItem::Reference(id)));
    }
    let mut item = item.clone();
    if flavour == Flavour::Jan && item["content"].is_null() && item["text"].is_string() {
        item["content"] = item["text"].take();
    }
    let read = parse_item(item, fresh).map_err(|invalid| {
        let at = format!("input[{place}]{}", invalid.at);
        ApiError::invalid_value(invalid.problem).at(at)
    })?;
    Ok(Some(InputItem::Item(read)))
}

/// The id of an item that is only named.
fn reference(item: &Value) -> Option<&str> {
    let fields = item.as_object()?;
    let named = item["type"] == "item_reference"
        || (fields.len() == 1 && fields.contains_key("id"))
        || (fields.len() == 2 && fields.contains_key("id") && item["type"].is_null());
    let plain = item["role"].is_null();
    item["id"].as_str().filter(|_| named && plain)
}

/// What the model is told before everything else: a text, or items of which only the words count.
pub(super) fn instructions(value: Option<&Value>) -> Result<Option<String>, ApiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| match &item["content"] {
                Value::String(text) => text.clone(),
                Value::Array(parts) => parts
                    .iter()
                    .filter_map(|part| part["text"].as_str())
                    .collect(),
                _ => String::new(),
            });
            Ok(Some(texts.collect::<Vec<_>>().join("\n")))
        }
        Some(_) => Err(ApiError::invalid_type("Expected a string.").at("instructions")),
    }
}

/// Jan's other name for the same.
pub(super) fn jan_names(body: &mut serde_json::Map<String, Value>) {
    for (jan, openai) in [
        ("system_prompt", "instructions"),
        ("max_tokens", "max_output_tokens"),
    ] {
        if let Some(value) = body.remove(jan) {
            body.entry(openai).or_insert(value);
        }
    }
    if let Some(choice) = body.get_mut("tool_choice")
        && matches!(choice["type"].as_str(), Some("auto" | "none" | "required"))
    {
        *choice = json!(choice["type"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::ports::SeededIds;

    fn read_plain(input: &Value) -> Result<Vec<InputItem>, ApiError> {
        let ids = SeededIds::new([0; 32]);
        read(
            Some(input),
            (&ids, Flavour::OpenAi),
            &mut Warnings::default(),
        )
    }

    #[test]
    fn input_is_taken_as_clients_send_it() {
        let read = read_plain(&json!([
            {"role": "user", "content": "hi"},
            {"type": "item_reference", "id": "msg_1"},
            {"id": "rs_2"},
            {"type": "compaction_trigger"},
            {"type": "function_call_output", "call_id": "c", "output": "4"},
        ]));
        let kinds: Vec<_> = read
            .unwrap()
            .iter()
            .map(|item| match item {
                InputItem::Item(item) => item.kind().to_owned(),
                InputItem::Reference(id) => id.to_string(),
            })
            .collect();
        assert_eq!(kinds, ["message", "msg_1", "rs_2", "function_call_output"]);
        assert_eq!(read_plain(&json!("hi")).unwrap().len(), 1);
    }

    #[test]
    fn bad_input_is_refused_at_its_field() {
        for (input, at) in [
            (json!(5), "input"),
            (json!([{"role": "king", "content": "x"}]), "input[0].role"),
            (
                json!([{"type": "item_reference", "id": "a b"}]),
                "input[0].id",
            ),
            (json!([{"type": "gift"}]), "input[0].type"),
        ] {
            let refused = read_plain(&input).unwrap_err().body();
            assert_eq!(refused["error"]["param"], at);
        }
    }
}
