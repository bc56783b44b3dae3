use jan_commands::response::ChatError;

use super::ApiError;

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::ModelNotFound(model) => Self::model_not_found(&model),
            ChatError::Conversation(error) => Self::from(error).or_at("conversation"),
            ChatError::InvalidMessage { at, problem } => Self::invalid_value(problem).at(at),
            ChatError::Media(failure) => failure.into(),
            ChatError::Provider(failure) => failure.into(),
            ChatError::AnswerNotKept => Self::answer_not_kept(),
            ChatError::StillRunning => Self::key_in_flight(),
            ChatError::TooBusy => Self::too_busy(),
            ChatError::Command(error) => error.into(),
        }
    }
}
