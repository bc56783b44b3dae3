use http::StatusCode;
use jan_commands::CommandError;
use jan_commands::run::RunError;
use jan_domain::conversation::ConversationError;

use super::ApiError;

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::ModelNotFound(model) => Self::model_not_found(&model),
            RunError::PreviousNotFound(id) => Self::previous_response_not_found(id.as_str()),
            RunError::PreviousUnanswered(id) => {
                let message = format!("Response with id '{id}' has no answer to continue.");
                Self::invalid_value(message).at("previous_response_id")
            }
            RunError::Conversation(CommandError::Refused(ConversationError::NotFound)) => {
                Self::from(ConversationError::NotFound).at("conversation")
            }
            RunError::Conversation(error) => Self::from(error).or_at("conversation"),
            RunError::ItemNotFound(id) => {
                let message = format!("Item with id '{id}' not found.");
                Self::new(StatusCode::NOT_FOUND, "not_found", message).at("input")
            }
            RunError::CallUnanswered(_)
            | RunError::OutputUnasked(_)
            | RunError::ApprovalUnasked(_)
            | RunError::ApprovedServerMissing(_) => {
                Self::invalid_value(error.to_string()).at("input")
            }
            RunError::WrongMedia { at, problem } => Self::invalid_value(problem).at(at),
            RunError::Media(failure) => failure.into(),
            RunError::StillRunning => Self::key_in_flight(),
            RunError::TooBusy => Self::too_busy(),
            RunError::Unavailable(_) => Self::unavailable(&error),
            RunError::Command(error) => error.into(),
        }
    }
}
