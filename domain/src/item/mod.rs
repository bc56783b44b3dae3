//! Items: what conversations hold and models are shown. The shapes are those of OpenAI's
//! Conversations and Responses; the types we only keep and never interpret stay opaque.

mod content;
mod depth;
mod from_chat;
mod media_part;
mod parse;
mod prompt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::ItemId;

pub use content::ContentPart;
pub use from_chat::{items_of_chat_answer, items_of_chat_message};
pub use media_part::{MediaPart, MediaPartKind, foreign_image, media_of_items, media_of_message};
pub use parse::{InvalidItem, parse_item};
pub use prompt::chat_messages;

/// One item, as stored and as answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Ours, or the client's own when it brought one.
    pub id: ItemId,
    /// How far the item got.
    pub status: ItemStatus,
    /// What it is.
    #[serde(flatten)]
    pub body: ItemBody,
}

/// How far an item got. Only answers that were cut short and calls that failed are not `completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Being made.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete,
    /// A call that gave nothing.
    Failed,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemBody {
    /// Something somebody said.
    Message {
        /// Who said it.
        role: Role,
        /// In which parts.
        content: Vec<ContentPart>,
    },
    /// A call the model wants the client to make.
    FunctionCall {
        /// Joins the call to its output.
        call_id: String,
        /// The function.
        name: String,
        /// JSON text, exactly as the model wrote it.
        arguments: String,
        /// The group the function was offered in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
    },
    /// What such a call gave.
    FunctionCallOutput {
        /// Joins the output to its call.
        call_id: String,
        /// A text or a list of content parts.
        output: Value,
    },
    /// Any other known type, kept whole, its `type` included.
    #[serde(untagged)]
    Opaque(Map<String, Value>),
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The operator of the application.
    System,
    /// The same, in newer words.
    Developer,
    /// A tool's answer, in chat's words.
    Tool,
}

impl Role {
    /// The role's wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Developer => "developer",
            Self::Tool => "tool",
        }
    }

    /// Reads a wire name.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::User,
            Self::Assistant,
            Self::System,
            Self::Developer,
            Self::Tool,
        ]
        .into_iter()
        .find(|role| role.as_str() == text)
    }
}

impl Item {
    /// A whole message.
    pub fn message(id: ItemId, role: Role, content: Vec<ContentPart>) -> Self {
        Self {
            id,
            status: ItemStatus::Completed,
            body: ItemBody::Message { role, content },
        }
    }

    /// The wire name of the item's type.
    pub fn kind(&self) -> &str {
        match &self.body {
            ItemBody::Message { .. } => "message",
            ItemBody::FunctionCall { .. } => "function_call",
            ItemBody::FunctionCallOutput { .. } => "function_call_output",
            ItemBody::Opaque(fields) => fields.get("type").and_then(Value::as_str).unwrap_or(""),
        }
    }

    /// The role, for items that have one.
    pub fn role(&self) -> Option<Role> {
        match &self.body {
            ItemBody::Message { role, .. } => Some(*role),
            _ => None,
        }
    }
}
