//! What tests say to a server, by meaningful names.

use serde_json::{Value, json};

/// The model that the scripted provider offers.
pub const MODEL: &str = "scripted-1";

/// A chat call with one message of the user.
pub fn chat(said: &str) -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": said}]})
}

/// The same, to be streamed.
pub fn streamed(said: &str) -> Value {
    with(chat(said), json!({"stream": true}))
}

/// A body with more fields; fields that are there are replaced.
#[expect(
    clippy::needless_pass_by_value,
    reason = "json!(…) is written in the call"
)]
pub fn with(mut body: Value, fields: Value) -> Value {
    let body_fields = body.as_object_mut().expect("a body is an object");
    let fields = fields.as_object().expect("fields are an object");
    body_fields.extend(fields.clone());
    body
}

/// A function tool that takes one text.
pub fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {
        "name": name,
        "description": "Does something.",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    }})
}
