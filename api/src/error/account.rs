use http::StatusCode;
use jan_domain::account::AccountError;

use super::ApiError;
use super::conversation::sentence;

impl From<AccountError> for ApiError {
    fn from(refusal: AccountError) -> Self {
        match refusal {
            AccountError::AlreadyExists => {
                Self::new(StatusCode::CONFLICT, "already_exists", sentence(&refusal))
            }
            // Which of them it was is nobody's business.
            AccountError::NotFound
            | AccountError::SessionNotOpen
            | AccountError::WrongRefreshToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_refresh_token",
                "The refresh token is not valid.",
            ),
        }
    }
}
