//! The habit of some servers to send every key they know, as null when it says nothing.

use serde_json::Value;

const OF_A_MESSAGE: [&str; 7] = [
    "role",
    "content",
    "refusal",
    "reasoning_content",
    "tool_calls",
    "function_call",
    "audio",
];
const OF_A_CALL: [&str; 3] = ["id", "type", "function"];

/// A stream chunk with its absences spelled out.
pub(super) fn chunk(mut chunk: Value) -> Value {
    fill(&mut chunk, &["usage"]);
    for choice in each(&mut chunk["choices"]) {
        fill_message(&mut choice["delta"]);
    }
    chunk
}

/// A whole completion with its absences spelled out.
pub(super) fn completion(mut completion: Value) -> Value {
    for choice in each(&mut completion["choices"]) {
        fill_message(&mut choice["message"]);
    }
    completion
}

fn fill_message(message: &mut Value) {
    fill(message, &OF_A_MESSAGE);
    for call in each(&mut message["tool_calls"]) {
        fill(call, &OF_A_CALL);
        fill(&mut call["function"], &["name", "arguments"]);
    }
}

fn each(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn fill(value: &mut Value, keys: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        for key in keys {
            object.entry(*key).or_insert(Value::Null);
        }
    }
}
