use http::StatusCode;
use jan_domain::ports::ProviderFailure;
use jan_domain::response::{Failure, FailureKind};
use serde_json::Value;

use super::ApiError;

impl From<ProviderFailure> for ApiError {
    fn from(failure: ProviderFailure) -> Self {
        let recorded = failure.recorded();
        match failure {
            ProviderFailure::Rejected {
                status,
                message,
                param,
                code,
            } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                let known = match code.as_deref() {
                    Some("context_length_exceeded") => "context_length_exceeded",
                    Some("model_not_found") => "model_not_found",
                    Some("invalid_prompt") => "invalid_prompt",
                    _ => "provider_rejected",
                };
                let error = Self::new(status, known, message);
                match param {
                    Some(param) => error.at(param),
                    None => error,
                }
            }
            ProviderFailure::Overloaded { retry_after } => {
                let mut error = Self::from(recorded);
                error.retry_after = Some(retry_after.unwrap_or(1));
                error
            }
            ProviderFailure::Unreachable
            | ProviderFailure::Stalled
            | ProviderFailure::Unauthorized
            | ProviderFailure::Broken { .. }
            | ProviderFailure::Garbled
            | ProviderFailure::Cut => recorded.into(),
        }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let (status, code) = status_of_failure(failure.kind);
        let message = match failure.kind {
            FailureKind::ProviderUnauthorized => {
                "The model provider refused this server's credentials.".to_owned()
            }
            _ => format!(
                "The model gave no answer: {}.",
                failure.message.trim_end_matches('.')
            ),
        };
        Self::new(status, code, message)
    }
}

/// The status and code of a failure that ends a call before its first byte.
pub fn status_of_failure(kind: FailureKind) -> (StatusCode, &'static str) {
    match kind {
        FailureKind::ProviderUnreachable => (StatusCode::BAD_GATEWAY, "provider_unreachable"),
        FailureKind::ProviderError => (StatusCode::BAD_GATEWAY, "provider_error"),
        FailureKind::ProviderOverloaded => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"),
        FailureKind::ProviderRejected => (StatusCode::BAD_REQUEST, "provider_rejected"),
        FailureKind::ProviderUnauthorized => (StatusCode::BAD_GATEWAY, "provider_unauthorized"),
        FailureKind::ProviderGarbled => (StatusCode::BAD_GATEWAY, "provider_garbled"),
        FailureKind::ProviderCut => (StatusCode::BAD_GATEWAY, "provider_cut"),
        FailureKind::ProviderStalled => (StatusCode::GATEWAY_TIMEOUT, "provider_stalled"),
        FailureKind::NodeLost => (StatusCode::SERVICE_UNAVAILABLE, "node_lost"),
        FailureKind::TooManyAttempts => (StatusCode::SERVICE_UNAVAILABLE, "too_many_attempts"),
        FailureKind::ToolOutcomeUnknown => {
            (StatusCode::INTERNAL_SERVER_ERROR, "tool_outcome_unknown")
        }
        FailureKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}

/// The chunk that tells a failure to a client that has seen a part of the answer.
pub fn chunk_of_failure(failure: Failure) -> Value {
    ApiError::from(failure).body()
}
