use http::StatusCode;
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

impl ApiError {
    /// 409: an event is on record, but no seal covers it yet. Asking again in a second helps.
    pub fn not_sealed_yet(position: i64) -> Self {
        let message = format!("The event at position {position} is not sealed yet.");
        let mut error = Self::new(StatusCode::CONFLICT, "not_sealed_yet", message);
        error.retry_after = Some(1);
        error
    }
}
