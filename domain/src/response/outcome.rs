use serde::{Deserialize, Serialize};

use crate::json::Json;

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The provider's id for the call: for its support desk, never a key of ours.
    pub provider_id: Option<String>,
    /// The model that answered, in the provider's words.
    pub model: String,
    /// For chat: the `choices` array. `null` when content is not kept.
    pub body: Json,
    /// The provider's configuration mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The tier the provider served from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
}

/// Tokens of one call, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Shown to the model.
    pub input_tokens: u64,
    /// Of those, read from a cache.
    pub cached_tokens: u64,
    /// Written by the model.
    pub output_tokens: u64,
    /// Of those, spent on thinking.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// All tokens.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Whether no token was counted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The tokens of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
        }
    }
}

/// How long a call took, in milliseconds since it was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Until the first byte of the answer.
    pub first_token_ms: u64,
    /// Until its end.
    pub total_ms: u64,
}

/// Why an answer is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncompleteReason {
    /// The client went away; the model was stopped.
    ClientDisconnected,
    /// The model reached its limit of tokens.
    MaxOutputTokens,
    /// The provider's filter stopped the model.
    ContentFilter,
    /// The model wanted more rounds of tool calls than a run may have.
    MaxToolDepth,
    /// The run took longer than it may.
    RunTimeout,
}

impl IncompleteReason {
    /// The stored and answered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnected => "client_disconnected",
            Self::MaxOutputTokens => "max_output_tokens",
            Self::ContentFilter => "content_filter",
            Self::MaxToolDepth => "max_tool_depth",
            Self::RunTimeout => "run_timeout",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, stable.
    pub kind: FailureKind,
    /// A sentence that is safe to show to the caller.
    pub message: String,
}

/// The kinds of failure, as recorded and as answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The provider could not be reached.
    ProviderUnreachable,
    /// The provider broke (5xx).
    ProviderError,
    /// The provider has too much to do (429).
    ProviderOverloaded,
    /// The provider refused the request.
    ProviderRejected,
    /// The provider refused our key.
    ProviderUnauthorized,
    /// The provider answered in no language we know.
    ProviderGarbled,
    /// The provider stopped talking in the middle.
    ProviderCut,
    /// The provider stayed silent for too long.
    ProviderStalled,
    /// The process that answered is gone.
    NodeLost,
    /// A tool that must run once may or may not have run.
    ToolOutcomeUnknown,
    /// Every process that took the run up was lost.
    TooManyAttempts,
    /// We broke.
    Internal,
}

impl FailureKind {
    /// The stored and answered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProviderUnreachable => "provider_unreachable",
            Self::ProviderError => "provider_error",
            Self::ProviderOverloaded => "provider_overloaded",
            Self::ProviderRejected => "provider_rejected",
            Self::ProviderUnauthorized => "provider_unauthorized",
            Self::ProviderGarbled => "provider_garbled",
            Self::ProviderCut => "provider_cut",
            Self::ProviderStalled => "provider_stalled",
            Self::NodeLost => "node_lost",
            Self::ToolOutcomeUnknown => "tool_outcome_unknown",
            Self::TooManyAttempts => "too_many_attempts",
            Self::Internal => "internal",
        }
    }
}
