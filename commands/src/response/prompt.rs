use bytes::Bytes;
use jan_domain::item::{Item, MediaPart, Role, chat_messages, media_of_message};
use jan_domain::response::Retention;
use jan_domain::{Json, UserMetadata};
use serde_json::Value;

use super::ConversationRef;

/// A chat call as the caller wishes it, checked and taken apart.
#[derive(Debug, Clone)]
pub struct ChatWish {
    /// The model's public name.
    pub model: String,
    /// The messages, in the caller's order.
    pub messages: Vec<ChatMessage>,
    /// Parameters that go to the provider as they came, by name.
    pub parameters: Vec<(&'static str, Json)>,
    /// How the answer is to be given.
    pub delivery: Delivery,
    /// How many answers were asked for (`n`).
    pub choices: usize,
    /// How much is kept.
    pub retention: Retention,
    /// The conversation to continue or begin.
    pub conversation: Option<ConversationRef>,
    /// Whether the conversation also keeps what the model thought.
    pub store_reasoning: bool,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// Whether ids are drawn from an `Idempotency-Key`, so that this call may have been made before.
    pub repeatable: bool,
}

/// How an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At once, when it is whole.
    Whole,
    /// As it is made.
    Stream {
        /// Whether a last chunk tells the usage.
        include_usage: bool,
    },
}

impl Delivery {
    /// Whether the caller reads a stream.
    pub fn is_stream(self) -> bool {
        self != Self::Whole
    }

    /// Whether the stream tells the usage.
    pub fn tells_usage(self) -> bool {
        self == Self::Stream {
            include_usage: true,
        }
    }
}

/// One message of a chat call.
#[derive(Debug, Clone)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// The message as it came.
    pub json: Json,
}

/// The media that messages refer to, each with its field.
pub(super) fn references(messages: &[ChatMessage]) -> Vec<(String, MediaPart)> {
    let mut found = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let text = message.json.text();
        if !text.contains("jan_") {
            continue;
        }
        let message = serde_json::from_str(text).expect("a message is JSON");
        let parts = media_of_message(&message).into_iter();
        found.extend(parts.map(|(field, part)| (format!("messages[{at}].{field}"), part)));
    }
    found
}

/// The request body for the provider: what the application says, the history, then what is new.
pub(super) fn provider_body(wish: &ChatWish, model: &str, history: &[Item]) -> Bytes {
    let speaks_first =
        |message: &&ChatMessage| matches!(message.role, Role::System | Role::Developer);
    let mut body = String::with_capacity(256 + size_of_messages(wish));
    body.push_str("{\"model\":");
    push_json(&mut body, &Value::from(model));
    body.push_str(",\"messages\":[");
    if history.is_empty() {
        join(
            &mut body,
            wish.messages.iter().map(|message| message.json.text()),
        );
    } else {
        let history: Vec<String> = chat_messages(history)
            .iter()
            .map(Value::to_string)
            .collect();
        let first = wish
            .messages
            .iter()
            .filter(speaks_first)
            .map(|message| message.json.text());
        let rest = wish
            .messages
            .iter()
            .filter(|message| !speaks_first(message));
        let all = first.chain(history.iter().map(String::as_str));
        join(
            &mut body,
            all.chain(rest.map(|message| message.json.text())),
        );
    }
    body.push(']');
    if wish.delivery.is_stream() {
        // Usage is always asked for: every call has a usage record.
        body.push_str(",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    }
    push_parameters(&mut body, wish);
    body.push('}');
    body.into()
}

/// What is recorded of the request: its own messages and parameters. The history is in the
/// conversation's stream, the model and the rest beside it in the event.
pub(super) fn recorded_request(wish: &ChatWish) -> Json {
    if !wish.retention.keeps_content() {
        return Json::of(&());
    }
    let mut text = String::with_capacity(64 + size_of_messages(wish));
    text.push_str("{\"messages\":[");
    join(
        &mut text,
        wish.messages.iter().map(|message| message.json.text()),
    );
    text.push(']');
    push_parameters(&mut text, wish);
    text.push('}');
    Json::parse(text).expect("JSON texts joined by commas are JSON")
}

fn size_of_messages(wish: &ChatWish) -> usize {
    wish.messages
        .iter()
        .map(|message| message.json.text().len() + 1)
        .sum()
}

fn join<'a>(text: &mut String, parts: impl Iterator<Item = &'a str>) {
    for (at, part) in parts.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(part);
    }
}

fn push_parameters(text: &mut String, wish: &ChatWish) {
    for (name, value) in &wish.parameters {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        text.push_str(value.text());
    }
}

fn push_json(text: &mut String, value: &Value) {
    text.push_str(&value.to_string());
}
