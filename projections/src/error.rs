//! Why a read has no answer.

/// The database could not be asked, or holds what this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("a read model could not be read")]
pub struct ReadError(#[from] sqlx::Error);

impl ReadError {
    pub(crate) fn into_inner(self) -> sqlx::Error {
        self.0
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
