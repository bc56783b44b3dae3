//! Responses in the shapes of Jan Server's own response service, for its gateway prefix.

use jan_domain::item::{ContentPart, Item, ItemBody};
use serde_json::{Value, json};

use super::portrait::{Portrait, Stand, error_of, usage_of};
use crate::context::Flavour;

/// Draws a response in the shape its caller knows.
pub(super) struct Painter {
    pub(super) flavour: Flavour,
    pub(super) portrait: Portrait,
    input: Value,
    instructions: Option<String>,
}

impl Painter {
    pub(super) fn new(
        flavour: Flavour,
        portrait: Portrait,
        input: &[Item],
        instructions: Option<String>,
    ) -> Self {
        Self {
            flavour,
            portrait,
            input: match flavour {
                Flavour::OpenAi => Value::Null,
                Flavour::Jan => input.iter().map(message).collect(),
            },
            instructions,
        }
    }

    /// The response object.
    pub(super) fn object(&self, stand: Stand) -> Value {
        match self.flavour {
            Flavour::OpenAi => self.portrait.object(stand),
            Flavour::Jan => self.jan_object(&stand, None),
        }
    }

    /// Jan's object: the answer is a plain text, and the trace of its steps is in the metadata.
    pub(super) fn jan_object(&self, stand: &Stand, trace: Option<Value>) -> Value {
        let portrait = &self.portrait;
        let mut metadata = json!(portrait.metadata);
        if let Some(trace) = trace {
            metadata["execution"] = trace;
        }
        json!({
            "id": portrait.id,
            "object": "response",
            "created": portrait.created_at.timestamp(),
            "created_at": portrait.created_at.timestamp(),
            "model": portrait.model,
            "status": stand.status,
            "background": portrait.background,
            "input": self.input,
            "output": text_of(&stand.output),
            "usage": stand.usage.map(usage_of),
            "metadata": metadata,
            "conversation_id": portrait.conversation,
            "previous_response_id": portrait.previous,
            "system_prompt": self.instructions,
            "error": stand.failure.as_ref().map(error_of),
        })
    }
}

/// An item as Jan lists what a response was asked: who said what.
pub(super) fn message(item: &Item) -> Value {
    let (role, content) = match &item.body {
        ItemBody::Message { role, content } => {
            let words = content.iter().filter_map(ContentPart::words);
            (role.as_str(), json!(words.collect::<String>()))
        }
        ItemBody::FunctionCallOutput { output, .. } => ("tool", output.clone()),
        _ => ("assistant", json!(item)),
    };
    json!({"role": role, "content": content, "status": item.status})
}

/// The words of the last message.
fn text_of(output: &Value) -> Option<String> {
    let items = output.as_array()?;
    let message = items.iter().rev().find(|item| item["type"] == "message")?;
    let parts = message["content"].as_array()?;
    let words = parts.iter().filter_map(|part| part["text"].as_str());
    Some(words.collect())
}
