//! Why a read has no answer.

use jan_domain::ports::KeyFailure;

/// The database could not be asked, or holds what this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("a read model could not be read")]
pub struct ReadError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

impl From<KeyFailure> for ReadError {
    fn from(failure: KeyFailure) -> Self {
        Self(failure.into())
    }
}

/// Why there is no page of a list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor is not in the caller's list: never was, or no longer.
    #[error("there is nothing with id '{0}' in this list to continue after")]
    UnknownCursor(String),
    /// The database could not be asked.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for ListError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}
