//! Why a command was not carried out.

use cqrs_es::persist::PersistenceError;
use jan_domain::ports::KeyFailure;
use jan_domain::sealed::SealBroken;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a command was not carried out. `E` is the aggregate's own refusal.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<E> {
    /// The aggregate said no.
    #[error(transparent)]
    Refused(E),
    /// Others changed the stream again and again.
    #[error("the object is being changed by others")]
    Conflict,
    /// The event log cannot be reached. Nothing was acknowledged.
    #[error("the event log cannot be reached")]
    Unavailable(#[source] Source),
    /// The database refuses what we wrote: our mistake.
    #[error("the event log refuses the events")]
    Rejected(#[source] Source),
    /// A stream lacks an event.
    #[error("a stored stream has no event at sequence {0}")]
    Gap(i64),
    /// A stored event cannot be read.
    #[error("a stored event cannot be read")]
    Corrupt(#[source] serde_json::Error),
    /// A sealed event does not open.
    #[error("a stored event cannot be opened")]
    Sealed(#[from] SealBroken),
}

impl<E> From<KeyFailure> for CommandError<E> {
    fn from(failure: KeyFailure) -> Self {
        Self::Unavailable(failure.into())
    }
}

impl<E> From<PersistenceError> for CommandError<E> {
    fn from(error: PersistenceError) -> Self {
        match error {
            PersistenceError::DeserializationError(source) => Self::Rejected(source),
            other => Self::Unavailable(other.into()),
        }
    }
}
