use jan_commands::response::StoredAnswer;
use jan_domain::id::ResponseId;
use jan_domain::response::Usage;
use jan_domain::{Json, UserMetadata};
use jan_projections::ResponseRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::rest::chat::schema::ChatChoice;

/// A completion as it was answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoredCompletion {
    /// `chatcmpl-…`
    #[schema(value_type = String)]
    id: ResponseId,
    /// `chat.completion`
    object: &'static str,
    /// Unix seconds.
    created: i64,
    /// The model that answered.
    model: String,
    /// As many as `n`.
    #[schema(value_type = Vec<ChatChoice>)]
    choices: Json,
    /// Tokens in and out.
    usage: CompletionUsage,
    /// The client's own pairs.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: UserMetadata,
    /// The tier the provider served from.
    service_tier: Option<String>,
    /// The provider's configuration mark.
    system_fingerprint: Option<String>,
}

/// Tokens in and out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptTokens,
    completion_tokens_details: CompletionTokens,
}

/// Where tokens shown to the model came from.
#[derive(Debug, Serialize, ToSchema)]
struct PromptTokens {
    cached_tokens: u64,
}

/// What tokens written by the model were for.
#[derive(Debug, Serialize, ToSchema)]
struct CompletionTokens {
    reasoning_tokens: u64,
}

impl StoredCompletion {
    /// A completion as a command left it.
    pub(super) fn of(id: ResponseId, stored: StoredAnswer) -> Self {
        Self {
            id,
            object: "chat.completion",
            created: stored.requested_at.timestamp(),
            model: stored.answer.model,
            choices: stored.answer.body,
            usage: stored.usage.into(),
            metadata: stored.metadata,
            service_tier: stored.answer.service_tier,
            system_fingerprint: stored.answer.system_fingerprint,
        }
    }

    /// A row that has an answer; one without is not there yet, or never will be.
    pub(super) fn of_row(row: ResponseRow) -> Option<Self> {
        let stored = StoredAnswer {
            requested_at: row.created_at,
            metadata: row.metadata,
            answer: row.answer?,
            usage: row.usage.unwrap_or_default(),
        };
        Some(Self::of(row.id, stored))
    }
}

impl From<Usage> for CompletionUsage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.total_tokens(),
            prompt_tokens_details: PromptTokens {
                cached_tokens: usage.cached_tokens,
            },
            completion_tokens_details: CompletionTokens {
                reasoning_tokens: usage.reasoning_tokens,
            },
        }
    }
}

/// 404, in the same words for completions that never were, are not stored, or are somebody else's.
pub(super) fn not_found(id: &ResponseId) -> ApiError {
    ApiError::not_found("stored chat completion", id)
}
