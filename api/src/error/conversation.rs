use http::StatusCode;
use jan_domain::conversation::ConversationError;
use jan_domain::user_metadata::InvalidMetadata;

use super::ApiError;

impl From<ConversationError> for ApiError {
    fn from(refusal: ConversationError) -> Self {
        let message = sentence(&refusal);
        match refusal {
            ConversationError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            ConversationError::AlreadyExists => {
                Self::new(StatusCode::CONFLICT, "already_exists", message)
            }
            ConversationError::InvalidTitle => Self::invalid_value(message).at("title"),
            ConversationError::InvalidReferrer => Self::invalid_value(message).at("referrer"),
            ConversationError::TooManyItems => Self::invalid_value(message).at("items"),
            ConversationError::DuplicateItem(_) => {
                Self::new(StatusCode::BAD_REQUEST, "duplicate_item", message).at("items")
            }
            ConversationError::NothingAsked(_) => Self::invalid_value(message).at("item_id"),
            // A 409 would be asked again by SDKs, in vain for as long as the other runs.
            ConversationError::Locked => {
                Self::new(StatusCode::BAD_REQUEST, "conversation_locked", message)
                    .at("conversation")
            }
            ConversationError::ItemNotFound(_) => {
                Self::new(StatusCode::NOT_FOUND, "not_found", message)
            }
        }
    }
}

impl From<InvalidMetadata> for ApiError {
    fn from(refusal: InvalidMetadata) -> Self {
        let message = sentence(&refusal);
        match refusal {
            InvalidMetadata::TooManyPairs | InvalidMetadata::Key => {
                Self::invalid_value(message).at("metadata")
            }
            InvalidMetadata::Value { key } => {
                Self::invalid_value(message).at(format!("metadata.{key}"))
            }
        }
    }
}

/// A refusal as a sentence for the caller: with a capital and a full stop.
pub(super) fn sentence(refusal: &dyn std::error::Error) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).chain(['.']).collect(),
        None => text,
    }
}
