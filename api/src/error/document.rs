use http::StatusCode;
use jan_domain::document::DocumentError;

use super::ApiError;
use super::conversation::sentence;

impl From<DocumentError> for ApiError {
    fn from(refusal: DocumentError) -> Self {
        let message = sentence(&refusal);
        match refusal {
            DocumentError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            DocumentError::AlreadyExists => {
                Self::new(StatusCode::CONFLICT, "already_exists", message)
            }
        }
    }
}
