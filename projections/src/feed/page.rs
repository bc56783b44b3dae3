//! A stretch of history, read and decoded once.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use jan_domain::history::{self, DecodeError, RecordedEvent};
use sqlx::PgPool;

/// Most events of one page.
pub(crate) const PAGE_EVENTS_MAX: u32 = 2_000;
/// Where a page ends early, in bytes of text: prompts may carry pictures, and two thousand of
/// those do not belong in memory at once.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredEvent {
    /// Its place among all events; gaps are normal.
    pub position: i64,
    /// `conversation`, `response` or `account`.
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

/// All events with a position in `(after, through]`.
#[derive(Debug)]
pub(crate) struct EventPage {
    pub(crate) after: i64,
    pub(crate) through: i64,
    pub(crate) entries: Vec<Entry>,
}

/// One place of a page. What cannot be read is still there, so that nobody passes it unseen.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) position: i64,
    pub(crate) stream: Stream,
    pub(crate) event: Result<RecordedEvent, Unreadable>,
}

/// The name of one aggregate's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
}

/// Why a stored event cannot be folded by anybody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Payload(#[from] DecodeError),
    #[error("the metadata of a stored event does not fit its type")]
    Metadata(#[source] serde_json::Error),
}

impl EventPage {
    /// Reads what follows `after`. `settled` is where the gate stands; the page ends there or
    /// earlier, when it is full.
    pub(crate) async fn read(
        pool: &PgPool,
        after: i64,
        settled: i64,
        events_max: u32,
    ) -> Result<Self, sqlx::Error> {
        let (stored, through) = read_stored(pool, after, settled, events_max).await?;
        Ok(Self {
            after,
            through,
            entries: stored.into_iter().map(Entry::decode).collect(),
        })
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
    let mut rows = sqlx::query_as::<_, StoredEvent>(sql)
        .bind(after)
        .bind(settled)
        .bind(i64::from(events_max))
        .fetch(pool);
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(event) = rows.try_next().await? {
        let position = event.position;
        bytes += event.payload.len();
        events.push(event);
        if bytes >= PAGE_BYTES_MAX {
            return Ok((events, position));
        }
    }
    let full = u32::try_from(events.len()) == Ok(events_max);
    let through = events
        .last()
        .filter(|_| full)
        .map_or(settled, |last| last.position);
    Ok((events, through))
}

impl Entry {
    fn decode(stored: StoredEvent) -> Self {
        let stream = Stream {
            aggregate_type: stored.aggregate_type.clone(),
            aggregate_id: stored.aggregate_id.clone(),
        };
        Self {
            position: stored.position,
            stream,
            event: recorded(stored),
        }
    }
}

fn recorded(stored: StoredEvent) -> Result<RecordedEvent, Unreadable> {
    let event = history::decode(
        &stored.aggregate_type,
        &stored.event_type,
        &stored.event_version,
        &stored.payload,
    )?;
    let metadata = serde_json::from_str(&stored.metadata).map_err(Unreadable::Metadata)?;
    Ok(RecordedEvent {
        position: stored.position,
        aggregate_type: stored.aggregate_type,
        aggregate_id: stored.aggregate_id,
        sequence: stored.sequence,
        event,
        metadata,
        recorded_at: stored.recorded_at,
    })
}
