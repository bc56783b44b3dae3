use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An event with everything of it that another log can take.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExportedEvent {
    /// Its place among all events of this log.
    pub position: i64,
    /// Its own id.
    pub event_id: Uuid,
    /// The kind of its stream.
    pub aggregate_type: String,
    /// Its stream.
    pub aggregate_id: String,
    /// Its place there.
    pub sequence: i64,
    /// What it is.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// JSON text as it is stored.
    pub payload: String,
    /// JSON text as it is stored.
    pub metadata: String,
    /// When this log took it.
    pub recorded_at: DateTime<Utc>,
}

/// The columns of an [`ExportedEvent`].
pub(super) const EVENT_COLUMNS: &str = "events.position, event_id, aggregate_type, aggregate_id, \
     sequence, event_type, event_version, payload::text, metadata::text, recorded_at";
