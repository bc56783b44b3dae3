use serde::{Deserialize, Serialize};

use super::ToolUse;
use crate::item::Item;
use crate::response::Usage;

/// What a model said when it was asked once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// For the caller: thoughts, words, calls that the client is to make, requests for approval.
    pub items: Vec<Item>,
    /// Calls of server-side tools. In an event they are not here but in the steps planned with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<ToolUse>,
    /// Calls that are not made, and what the model is told instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<Declined>,
    /// Why it stopped.
    pub finish: Finish,
    /// What it cost.
    pub usage: Usage,
    /// The model that answered, in the provider's words.
    pub model: String,
    /// The provider's id for the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The tier the provider served from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
}

/// A call that is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// The model's own id for the call.
    pub call_id: String,
    /// The function's name as the model knows it.
    pub offered: String,
    /// JSON text, as the model wrote it.
    pub arguments: String,
    /// What the model is told.
    pub reason: String,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It had said everything, or wants tools to be called.
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// The provider's filter stopped it.
    ContentFilter,
}

impl Said {
    /// Whether the caller must act before the run's context can go on: make a call, or approve one.
    pub fn awaits_caller(&self) -> bool {
        self.items.iter().any(|item| {
            matches!(
                item.kind(),
                "function_call" | "custom_tool_call" | "mcp_approval_request"
            )
        })
    }
}
