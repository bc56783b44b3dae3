use http::StatusCode;
use jan_domain::ports::{AdditionRefused, AuthorizationFailure, GrantFailure};

use super::ApiError;
use super::conversation::sentence;

impl From<GrantFailure> for ApiError {
    fn from(failure: GrantFailure) -> Self {
        match failure {
            GrantFailure::Unsealed => Self::new(
                StatusCode::BAD_REQUEST,
                "credentials_not_kept",
                sentence(&failure),
            ),
            GrantFailure::Unavailable(error) => Self::unavailable(error.as_ref()),
        }
    }
}

impl From<AuthorizationFailure> for ApiError {
    fn from(failure: AuthorizationFailure) -> Self {
        let message = sentence(&failure);
        match failure {
            AuthorizationFailure::UnknownServer(_) => {
                Self::new(StatusCode::NOT_FOUND, "not_found", message).at("server_label")
            }
            AuthorizationFailure::Shared(_) => Self::invalid_value(message).at("server_label"),
            AuthorizationFailure::Forbidden => Self::invalid_value(message).at("server_url"),
            AuthorizationFailure::BadToken => Self::invalid_value(message).at("token"),
            AuthorizationFailure::NotAwaited => Self::new(
                StatusCode::BAD_REQUEST,
                "authorization_not_awaited",
                message,
            ),
            AuthorizationFailure::Unusable(_) => {
                Self::new(StatusCode::BAD_GATEWAY, "authorization_failed", message)
            }
            AuthorizationFailure::Server(failure) => failure.into(),
            AuthorizationFailure::Store(failure) => failure.into(),
        }
    }
}

impl From<AdditionRefused> for ApiError {
    fn from(refusal: AdditionRefused) -> Self {
        let message = sentence(&refusal);
        match refusal {
            AdditionRefused::Taken(_) => {
                Self::new(StatusCode::CONFLICT, "already_exists", message).at("label")
            }
            AdditionRefused::Configured(_) => {
                Self::new(StatusCode::CONFLICT, "configured", message).at("label")
            }
            AdditionRefused::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            AdditionRefused::Forbidden => Self::invalid_value(message).at("url"),
            AdditionRefused::Unusable(_) => Self::invalid_value(message),
            AdditionRefused::Store(failure) => Self::unavailable(failure.0.as_ref()),
        }
    }
}
