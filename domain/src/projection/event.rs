use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

/// What has been decided about a read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProjectionEvent {
    /// An event that could not be folded is left out.
    EventSkipped {
        /// Its place in the log.
        position: i64,
        /// The stream it belongs to.
        stream: String,
        /// Why.
        reason: String,
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for ProjectionEvent {
    fn event_type(&self) -> String {
        match self {
            Self::EventSkipped { .. } => "ProjectionEventSkipped",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
