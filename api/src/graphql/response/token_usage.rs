use async_graphql::SimpleObject;
use jan_domain::response::Usage;

use crate::graphql::scalar::BigInt;

/// Tokens, as the provider counted them.
#[derive(Debug, SimpleObject)]
#[expect(
    clippy::struct_field_names,
    reason = "as they are called in the REST API"
)]
pub(in crate::graphql) struct TokenUsage {
    /// Shown to the model.
    pub(in crate::graphql) input_tokens: BigInt,
    /// Of those, read from a cache.
    pub(in crate::graphql) cached_tokens: BigInt,
    /// Written by the model.
    pub(in crate::graphql) output_tokens: BigInt,
    /// Of those, spent on thinking.
    pub(in crate::graphql) reasoning_tokens: BigInt,
    /// All.
    pub(in crate::graphql) total_tokens: BigInt,
}

impl From<Usage> for TokenUsage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens.into(),
            cached_tokens: usage.cached_tokens.into(),
            output_tokens: usage.output_tokens.into(),
            reasoning_tokens: usage.reasoning_tokens.into(),
            total_tokens: usage.total_tokens().into(),
        }
    }
}
