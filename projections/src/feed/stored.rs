//! Events as they are stored, for those who want to see everything of them.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use jan_domain::ports::{KeyFailure, KeyState, Keyring};
use jan_domain::sealed::{self, Place};
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
    /// What happened, as JSON text. It is as it was written once it has been opened; what cannot be
    /// opened any more, or not here, stays sealed.
    pub payload: String,
    /// Who, why, through which request, as JSON text.
    pub metadata: String,
    /// When the database took it.
    pub recorded_at: DateTime<Utc>,
}

/// Opens those of these events whose keys can be had.
pub(crate) async fn open_stored(
    events: &mut [StoredEvent],
    keyring: &dyn Keyring,
) -> Result<(), KeyFailure> {
    let sealed = events
        .iter()
        .filter_map(|event| match sealed::find(&event.payload) {
            Some(Ok(sealed)) => Some(sealed.key().to_owned()),
            _ => None,
        });
    let ids: Vec<String> = sealed.collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let keys = keyring.find(&ids).await?;
    for event in events {
        if let Some(opened) = event.opened(&keys) {
            event.payload = opened;
        }
    }
    Ok(())
}

impl StoredEvent {
    fn opened(&self, keys: &HashMap<String, KeyState>) -> Option<String> {
        let sealed = sealed::find(&self.payload)?.ok()?;
        let KeyState::Held(seal) = keys.get(sealed.key())? else {
            return None;
        };
        let place = Place {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
        };
        sealed.open(&place, seal.as_ref()).ok()
    }
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
