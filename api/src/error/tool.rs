use http::StatusCode;
use jan_domain::ports::ToolFailure;

use super::ApiError;
use super::conversation::sentence;

/// The list of tools is not to be had.
impl From<ToolFailure> for ApiError {
    fn from(failure: ToolFailure) -> Self {
        let message = sentence(&failure);
        match failure {
            ToolFailure::TimedOut => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "tools_timeout", message)
            }
            ToolFailure::Unreachable
            | ToolFailure::Forbidden
            | ToolFailure::UnknownTool(_)
            | ToolFailure::Withheld(_)
            | ToolFailure::Unauthorized
            | ToolFailure::Refused(_)
            | ToolFailure::Cut
            | ToolFailure::Garbled
            | ToolFailure::TooLarge => {
                Self::new(StatusCode::BAD_GATEWAY, "tools_unavailable", message)
            }
        }
    }
}
