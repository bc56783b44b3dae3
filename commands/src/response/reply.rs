use bytes::Bytes;
use futures::stream::BoxStream;
use jan_domain::conversation::ConversationError;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::ports::ProviderFailure;
use jan_domain::response::{Failure, ResponseError};

use super::open_run::OpenRun;
use crate::CommandError;
use crate::media::{MediaFailure, ReferenceError};

/// A chat call under way.
pub struct ChatRun {
    /// Its id, the one in the answer.
    pub id: ResponseId,
    /// The conversation it continues.
    pub conversation: Option<ConversationId>,
    /// Its answer.
    pub reply: ChatReply,
}

/// The answer of a chat call.
pub enum ChatReply {
    /// The JSON text of a `chat.completion`, on record already.
    Whole(Bytes),
    /// A stream; it ends after the answer is on record. Dropping it stops the model.
    Stream(BoxStream<'static, ChatEvent>),
}

/// One event of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEvent {
    /// The JSON text of a `chat.completion.chunk`.
    Chunk(Bytes),
    /// The answer cannot go on. The last event.
    Failed(Failure),
}

/// Why a chat call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// Nobody offers the model.
    #[error("the model '{0}' does not exist")]
    ModelNotFound(String),
    /// The conversation refuses, or is not there.
    #[error(transparent)]
    Conversation(#[from] CommandError<ConversationError>),
    /// A message cannot become part of a conversation.
    #[error("{problem}")]
    InvalidMessage {
        /// The field, such as `messages[0].content`.
        at: String,
        /// A sentence for the caller.
        problem: String,
    },
    /// Whether a message's media can be shown could not be found out.
    #[error(transparent)]
    Media(MediaFailure),
    /// The provider gave no answer; that is on record.
    #[error(transparent)]
    Provider(#[from] ProviderFailure),
    /// The same call, by its idempotency key, was answered, and its answer was not to be kept.
    #[error("the answer was given before and not kept, as the call asked")]
    AnswerNotKept,
    /// The same call, by its idempotency key, is still running.
    #[error("the same call is still running")]
    StillRunning,
    /// As many calls as this process takes are running.
    #[error("the server is answering as many calls as it can")]
    TooBusy,
    /// The call could not be recorded.
    #[error(transparent)]
    Command(#[from] CommandError<ResponseError>),
}

impl From<ReferenceError> for ChatError {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::Wrong { at, problem } => Self::InvalidMessage { at, problem },
            ReferenceError::Failed(failure) => Self::Media(failure),
        }
    }
}

/// Records a failure of the provider and answers it; if it cannot be recorded, that is the answer.
pub(super) async fn failed(mut run: OpenRun, failure: ProviderFailure) -> ChatError {
    match run.fail(failure.recorded()).await {
        Ok(()) => ChatError::Provider(failure),
        Err(error) => ChatError::Command(error),
    }
}
