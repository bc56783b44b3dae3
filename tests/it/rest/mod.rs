//! The REST surface as clients see it: the real router, a database per test, a model that obeys.

mod admin;
mod admin_added_tool_servers;
mod admin_projections;
mod admin_tool_servers;
mod audit;
mod auth;
mod bad_bodies;
mod bad_messages;
mod bad_parameters;
mod chat_conversations;
mod chat_disconnects;
mod chat_faults;
mod chat_keeping;
mod chat_promises;
mod chat_stream;
mod chat_whole;
mod conversation_forks;
mod conversation_items;
mod conversation_past;
mod conversations;
mod headers;
mod idempotency;
mod models;
mod prefixes;
mod random_bodies;
mod responses;
mod responses_background;
mod responses_bodies;
mod responses_code;
mod responses_jan;
mod responses_past;
mod responses_replay;
mod responses_stream;
mod responses_tools;
mod service;
mod stored_completions;
mod tokens;

use jan_projections::StoredEvent;
use serde_json::Value;

const CHAT: &str = "/v1/chat/completions";

/// What the first choice says.
#[track_caller]
fn said(answer: &Value) -> &str {
    let content = &answer["choices"][0]["message"]["content"];
    content.as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// What a choice says over all chunks of a stream.
fn text_of(chunks: &[Value], place: u64) -> String {
    let choices = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"].as_array());
    let wanted = choices.flatten().filter(|choice| choice["index"] == place);
    wanted
        .filter_map(|choice| choice["delta"]["content"].as_str())
        .collect()
}

/// The types of records, in their order.
fn kinds_of(events: &[StoredEvent]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect()
}
