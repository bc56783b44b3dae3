use jan_projections::{ListError, ReadError};

use super::ApiError;

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::UnknownCursor(_) => {
                Self::invalid_value("The cursor is not in this list.").at("after")
            }
            ListError::Read(error) => error.into(),
        }
    }
}
