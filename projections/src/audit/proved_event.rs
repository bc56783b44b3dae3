use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An event as it is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub struct ProvedEvent {
    /// Its place among all events.
    pub position: i64,
    /// The transaction that wrote it.
    pub xid: i64,
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
    /// To the microsecond.
    pub recorded_at: DateTime<Utc>,
}
