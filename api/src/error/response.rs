use http::StatusCode;
use jan_domain::response::ResponseError;

use super::ApiError;
use super::conversation::sentence;

impl From<ResponseError> for ApiError {
    fn from(refusal: ResponseError) -> Self {
        let message = sentence(&refusal);
        match refusal {
            ResponseError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            ResponseError::AlreadyExists
            | ResponseError::AlreadyClosed
            | ResponseError::Superseded
            | ResponseError::UnknownStep => {
                Self::new(StatusCode::CONFLICT, "already_exists", message)
            }
            ResponseError::NotCancellable => {
                Self::new(StatusCode::BAD_REQUEST, "not_cancellable", message)
            }
            ResponseError::StillOpen => {
                Self::new(StatusCode::BAD_REQUEST, "still_running", message)
            }
        }
    }
}
