use serde::{Deserialize, Serialize};

use super::{PlannedStep, RunTerms};
use crate::caller::Owner;
use crate::id::{ConversationId, NodeId};
use crate::json::Json;
use crate::user_metadata::UserMetadata;

/// The door a call came through; it decides the shape of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// `/v1/chat/completions`
    ChatCompletions,
    /// `/v1/responses`
    Responses,
    /// `/v1/mcp`: a tool that its client called itself, without a model.
    Mcp,
}

impl Surface {
    /// The surface's stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Responses => "responses",
            Self::Mcp => "mcp",
        }
    }
}

/// How much of a call is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// Everything, and the caller can read it back (`store: true`).
    Stored,
    /// Everything, for audit and replay, but not in the caller's lists (`store` absent).
    Recorded,
    /// Only who, when, which model and how many tokens (`store: false`).
    UsageOnly,
}

impl Retention {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Recorded => "recorded",
            Self::UsageOnly => "usage_only",
        }
    }

    /// Whether prompts and answers go into events.
    pub fn keeps_content(self) -> bool {
        self != Self::UsageOnly
    }
}

/// A call as it was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestedCall {
    /// Whose it is.
    pub owner: Owner,
    /// The door it came through.
    pub surface: Surface,
    /// The model the client asked for.
    pub model: String,
    /// The request without what belongs to the server; `null` under [`Retention::UsageOnly`].
    pub request: Json,
    /// Whether the client reads a stream.
    pub stream: bool,
    /// How much is kept.
    pub retention: Retention,
    /// The conversation the call continues.
    pub conversation: Option<ConversationId>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// The process that answers. A dead one's open calls are failed by the others.
    pub node: NodeId,
    /// The first question to the model: planned with the request, hence before the effect. All that
    /// a chat completion ever does; a run with things to do before comes to it later.
    pub step: PlannedStep,
    /// What a response of several steps goes by; `None` for a chat completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<RunTerms>>,
}

impl RequestedCall {
    /// Whether it is a chat completion that its caller may read back. Runs have a read model of
    /// their own.
    pub fn is_stored_chat(&self) -> bool {
        self.surface == Surface::ChatCompletions && self.retention == Retention::Stored
    }
}
