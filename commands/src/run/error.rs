use jan_domain::conversation::ConversationError;
use jan_domain::id::{ItemId, ResponseId};
use jan_domain::response::ResponseError;

use crate::CommandError;
use crate::media::{MediaFailure, ReferenceError};

/// Why a response is not begun.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nobody offers the model.
    #[error("the model '{0}' does not exist")]
    ModelNotFound(String),
    /// The response to continue is not there.
    #[error("there is no response '{0}' to continue")]
    PreviousNotFound(ResponseId),
    /// The response to continue has not ended, or ended without an answer.
    #[error("the response '{0}' has no answer that could be continued")]
    PreviousUnanswered(ResponseId),
    /// The conversation refuses, or is not there.
    #[error(transparent)]
    Conversation(#[from] CommandError<ConversationError>),
    /// A referenced item is not there.
    #[error("there is no item '{0}'")]
    ItemNotFound(ItemId),
    /// A function was called and nobody says what it gave.
    #[error("No tool output found for function call {0}.")]
    CallUnanswered(String),
    /// Something is said to come from a function that was not called.
    #[error("No tool call found for function call output with call_id {0}.")]
    OutputUnasked(String),
    /// An approval that nobody asked for.
    #[error("there is no approval request '{0}' in the context")]
    ApprovalUnasked(String),
    /// A call was approved, but its server is not among the request's tools.
    #[error("the tool server '{0}' of an approved call is not among the tools")]
    ApprovedServerMissing(String),
    /// Media in the input cannot be shown.
    #[error("{problem}")]
    WrongMedia {
        /// The field.
        at: String,
        /// A sentence for the caller.
        problem: String,
    },
    /// Whether the input's media can be shown could not be found out.
    #[error(transparent)]
    Media(MediaFailure),
    /// The same request, by its idempotency key, is still running.
    #[error("the same request is still running")]
    StillRunning,
    /// As many runs as this process takes are under way.
    #[error("the server is answering as many calls as it can")]
    TooBusy,
    /// The database could not be asked, or our own seal is broken.
    #[error("the run's own tables cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The run could not be recorded.
    #[error(transparent)]
    Command(#[from] CommandError<ResponseError>),
}

impl From<ReferenceError> for RunError {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::Wrong { at, problem } => Self::WrongMedia { at, problem },
            ReferenceError::Failed(failure) => Self::Media(failure),
        }
    }
}

impl From<sqlx::Error> for RunError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.into())
    }
}
