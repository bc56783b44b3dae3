use http::StatusCode;
use jan_domain::projection::ProjectionError;
use jan_projections::RebuildError;

use super::ApiError;

impl From<ProjectionError> for ApiError {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::ReasonUnfit => {
                Self::invalid_value(format!("Invalid 'reason': {error}.")).at("reason")
            }
        }
    }
}

impl From<RebuildError> for ApiError {
    fn from(error: RebuildError) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, format!("{error}."));
        match &error {
            RebuildError::Spoilt { .. } => conflict("event_cannot_be_folded"),
            RebuildError::Busy { .. } | RebuildError::Taken | RebuildError::Outgrown => {
                conflict("projection_busy")
            }
            RebuildError::NoStandby { .. } => conflict("no_standby"),
            RebuildError::NotLive { .. } => conflict("projection_not_live"),
            RebuildError::NotByStream { .. } => {
                Self::invalid_value(format!("{error}.")).at("stream")
            }
            RebuildError::NoEvent { .. } => Self::invalid_value(format!("{error}.")).at("position"),
            RebuildError::Unproven { .. } => Self::internal(&error),
            RebuildError::Read(_) | RebuildError::Database(_) => Self::unavailable(&error),
        }
    }
}
