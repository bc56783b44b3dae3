//! Events as they are stored, for those who want to see everything of them.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::PgPool;

use super::page::{Placed, take_page};

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredEvent {
    /// Its place among all events; gaps are normal.
    pub position: i64,
    /// `conversation`, `response`, `account` or `projection`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Aggregate and variant, such as `ResponseCompleted`.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// What happened, as JSON text.
    pub payload: String,
    /// Who, why, through which request, as JSON text.
    pub metadata: String,
    /// When the database took it.
    pub recorded_at: DateTime<Utc>,
}

/// The stored events after `after`, and the position through which they are all: `settled`, or
/// the last of them when the page was full before.
pub(crate) async fn read_stored(
    pool: &PgPool,
    after: i64,
    settled: i64,
    events_max: u32,
) -> Result<(Vec<StoredEvent>, i64), sqlx::Error> {
    let sql = r"
        select position, aggregate_type, aggregate_id, sequence, event_type, event_version,
               payload::text, metadata::text, recorded_at
          from events
         where position > $1
           and position <= $2
         order by position
         limit $3";
    let rows = sqlx::query_as::<_, StoredEvent>(sql)
        .bind(after)
        .bind(settled)
        .bind(i64::from(events_max))
        .fetch(pool);
    let rows = rows.map_ok(|event| Placed {
        position: event.position,
        bytes: event.payload.len(),
        item: event,
    });
    take_page(rows, settled, events_max).await
}
