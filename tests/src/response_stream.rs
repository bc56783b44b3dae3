use std::collections::BTreeMap;

use serde_json::Value;

/// One output item as a stream has told it.
#[derive(Default)]
struct Told {
    id: String,
    words: BTreeMap<u64, String>,
    arguments: String,
    done: Option<Value>,
}

const LAST: [&str; 3] = [
    "response.completed",
    "response.incomplete",
    "response.failed",
];

/// Asserts what clients rely on: numbers without gaps from the first, one beginning and one end, every
/// item added before anything of it is told and done once, texts that add up, and a finished response
/// that has exactly the items that were told.
///
/// # Panics
///
/// If anything of that does not hold.
#[track_caller]
pub fn assert_well_formed(events: &[Value]) {
    assert_numbered_from(events, 0);
    assert_eq!(events[0]["type"], "response.created");
    let last = events.last().expect("a stream has events");
    let mut items: BTreeMap<u64, Told> = BTreeMap::new();
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        let is_last = LAST.contains(&kind);
        assert_eq!(is_last, event == last, "{kind} is where it should not be");
        let Some(index) = event["output_index"].as_u64() else {
            continue;
        };
        if kind == "response.output_item.added" {
            let known = items.insert(
                index,
                Told {
                    id: text(&event["item"]["id"]),
                    ..Told::default()
                },
            );
            assert!(known.is_none(), "item {index} is added twice");
            continue;
        }
        let item = items.get_mut(&index);
        let item = item.unwrap_or_else(|| panic!("{kind} comes before its item: {event}"));
        assert!(item.done.is_none(), "{kind} comes after its item: {event}");
        take(item, kind, event);
    }
    let output = last["response"]["output"].as_array();
    let output = output.unwrap_or_else(|| panic!("no output: {last}"));
    assert_eq!(items.len(), output.len(), "{last}");
    for (place, item) in output.iter().enumerate() {
        let told = &items[&(place as u64)];
        let cut = item["status"] == "incomplete";
        assert!(
            told.done.as_ref() == Some(item) || cut,
            "{item} was told as {:?}",
            told.done
        );
        assert_eq!(item["id"], told.id.as_str());
    }
}

fn take(item: &mut Told, kind: &str, event: &Value) {
    let part = event["content_index"].as_u64().unwrap_or_default();
    if let Some(id) = event["item_id"].as_str() {
        assert_eq!(id, item.id, "{event}");
    }
    match kind {
        "response.output_text.delta"
        | "response.refusal.delta"
        | "response.reasoning_text.delta" => {
            *item.words.entry(part).or_default() += &text(&event["delta"]);
        }
        "response.output_text.done" | "response.reasoning_text.done" => {
            let said = item.words.remove(&part).unwrap_or_default();
            assert_eq!(event["text"], said.as_str());
        }
        "response.function_call_arguments.delta" | "response.mcp_call_arguments.delta" => {
            item.arguments += &text(&event["delta"]);
        }
        "response.function_call_arguments.done" | "response.mcp_call_arguments.done" => {
            assert_eq!(event["arguments"], item.arguments.as_str());
        }
        "response.output_item.done" => item.done = Some(event["item"].clone()),
        _ => {}
    }
}

/// Asserts that the numbers of the events follow each other, from `first` on.
///
/// # Panics
///
/// If they do not.
#[track_caller]
pub fn assert_numbered_from(events: &[Value], first: u64) {
    for (event, number) in events.iter().zip(first..) {
        assert_eq!(event["sequence_number"], number, "{event}");
    }
}

/// The names of the events, repetitions of one told once.
pub fn shape_of(events: &[Value]) -> Vec<&str> {
    let mut shape: Vec<&str> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    shape.dedup();
    shape
}

/// All words of a stream's texts.
pub fn words_of(events: &[Value]) -> String {
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    deltas.filter_map(|event| event["delta"].as_str()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
