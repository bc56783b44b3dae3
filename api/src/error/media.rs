use http::StatusCode;
use jan_commands::media::MediaFailure as M;
use jan_domain::media::MediaError;

use super::ApiError;
use super::conversation::sentence;

impl From<MediaError> for ApiError {
    fn from(refusal: MediaError) -> Self {
        let message = sentence(&refusal);
        match refusal {
            MediaError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            MediaError::AlreadyExists | MediaError::OtherContent => {
                Self::new(StatusCode::CONFLICT, "already_exists", message)
            }
            MediaError::Leaving => {
                let mut error = Self::new(StatusCode::CONFLICT, "being_deleted", message);
                error.retry_after = Some(1);
                error
            }
        }
    }
}

/// The sentences about bytes are Jan's own, which clients show as they are.
impl From<M> for ApiError {
    fn from(failure: M) -> Self {
        let message = failure.to_string();
        match failure {
            M::Empty | M::Unreadable | M::TooManyPixels(_) | M::DataUrl(_) | M::Label(_) => {
                Self::invalid_value(message)
            }
            M::Web(_) => Self::new(StatusCode::BAD_REQUEST, "download_failed", message),
            M::TooLarge(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
            }
            M::Full(_) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "storage_limit_exceeded",
                message,
            ),
            M::NotAnImage(_) => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                message,
            ),
            M::Link | M::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            M::Command(error) => error.into(),
            M::Objects(_) | M::Index(_) => Self::unavailable(&failure),
            M::Lost(_) => {
                tracing::error!(error = %failure, "bytes that are on record are not there");
                Self::new(StatusCode::NOT_FOUND, "content_not_found", message)
            }
        }
    }
}

impl ApiError {
    /// 415: a file that does not come as a form.
    pub fn not_a_form() -> Self {
        let message = "Send the file as 'Content-Type: multipart/form-data'.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 416: a part of the bytes that is not there, or more than one part.
    pub fn range_not_satisfiable() -> Self {
        let message = "Only one range of bytes can be read, and it must begin within them.";
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            message,
        )
    }
}
