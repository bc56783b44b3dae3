//! A stretch of history, read and decoded once.

use chrono::{DateTime, Utc};
use jan_domain::history::{self, DecodeError, RecordedEvent};
use sqlx::PgPool;

/// Most events of one page.
pub(crate) const PAGE_EVENTS_MAX: u32 = 2_000;
/// Most stored bytes of payload on one page (compressed ones count as such): prompts may carry
/// pictures, and two thousand of those do not belong in memory at once.
const PAGE_BYTES_MAX: i64 = 4 * 1024 * 1024;

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
        let (stored, cut) = read_stored(pool, after, settled, events_max).await?;
        let entries: Vec<Entry> = stored.into_iter().map(Entry::decode).collect();
        let through = match entries.last() {
            Some(last) if cut => last.position,
            _ => settled,
        };
        Ok(Self {
            after,
            through,
            entries,
        })
    }
}

/// The stored events in `(after, settled]`, and whether the page was full before the end.
pub(crate) async fn read_stored(
    pool: &PgPool,
    after: i64,
    settled: i64,
    events_max: u32,
) -> Result<(Vec<StoredEvent>, bool), sqlx::Error> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        event: StoredEvent,
        candidates: i64,
    }
    let sql = r"
        select position, aggregate_type, aggregate_id, sequence, event_type, event_version,
               payload::text, metadata::text, recorded_at, candidates
          from (select *,
                       count(*) over () as candidates,
                       sum(pg_column_size(payload)) over (order by position)
                         - pg_column_size(payload) as bytes_before
                  from (select *
                          from events
                         where position > $1
                           and position <= $2
                         order by position
                         limit $3) as candidate) as measured
         where bytes_before < $4
         order by position";
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(after)
        .bind(settled)
        .bind(i64::from(events_max))
        .bind(PAGE_BYTES_MAX)
        .fetch_all(pool)
        .await?;
    let taken = i64::try_from(rows.len()).expect("a page fits in memory");
    let cut = rows
        .first()
        .is_some_and(|row| row.candidates > taken || row.candidates == i64::from(events_max));
    Ok((rows.into_iter().map(|row| row.event).collect(), cut))
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
