//! The one statement that writes events.

use jan_domain::ports::KeyFailure;
use sqlx::{PgConnection, PgPool, Row};

use super::NewEvent;

/// Why an append did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else extended the stream first.
    #[error("the stream has changed")]
    Conflict,
    /// The database cannot be reached, or was lost on the way. Nothing was acknowledged.
    #[error("the event log cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// The database refuses what we wrote.
    #[error("the event log refuses the events")]
    Rejected(#[source] sqlx::Error),
    /// There is no key to seal them under. Nothing was written.
    #[error("the events cannot be sealed")]
    NoKey(#[source] KeyFailure),
}

/// The name of the stream's own key in the database.
pub(super) const STREAM_KEY: &str = "events_stream_key";

/// Writes all events or none, in one statement, and answers their positions in order.
pub(super) async fn insert(
    connection: &mut PgConnection,
    events: &[&NewEvent],
) -> Result<Vec<i64>, sqlx::Error> {
    let columns = Columns::of(events);
    let rows = sqlx::query(
        r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload, metadata, event_id)
        select aggregate_type, aggregate_id, sequence, event_type, event_version,
               payload::json, metadata::json, event_id
          from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[],
                      $6::text[], $7::text[], $8::uuid[])
            as fresh (aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload, metadata, event_id)
        returning position",
    )
    .bind(columns.aggregate_types)
    .bind(columns.aggregate_ids)
    .bind(columns.sequences)
    .bind(columns.event_types)
    .bind(columns.event_versions)
    .bind(columns.payloads)
    .bind(columns.metadata)
    .bind(columns.event_ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

#[derive(Default)]
struct Columns<'a> {
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    event_ids: Vec<uuid::Uuid>,
}

impl<'a> Columns<'a> {
    fn of(events: &[&'a NewEvent]) -> Self {
        let mut columns = Self::default();
        for event in events {
            columns.aggregate_types.push(event.aggregate_type);
            columns.aggregate_ids.push(&event.aggregate_id);
            columns.sequences.push(event.sequence);
            columns.event_types.push(&event.event_type);
            columns.event_versions.push(&event.event_version);
            columns.payloads.push(&event.payload);
            columns.metadata.push(&event.metadata);
            columns.event_ids.push(event.event_id);
        }
        columns
    }
}

/// The positions of events that an earlier, doubtful attempt did write; `None` when any of the rows
/// is missing or somebody else's.
pub(super) async fn already_written(
    pool: &PgPool,
    events: &[&NewEvent],
) -> Result<Option<Vec<i64>>, sqlx::Error> {
    let columns = Columns::of(events);
    let positions: Vec<i64> = sqlx::query_scalar(
        r"
        select events.position
          from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[])
            as ours (aggregate_type, aggregate_id, sequence, event_id)
          join events using (aggregate_type, aggregate_id, sequence, event_id)
         order by events.position",
    )
    .bind(columns.aggregate_types)
    .bind(columns.aggregate_ids)
    .bind(columns.sequences)
    .bind(columns.event_ids)
    .fetch_all(pool)
    .await?;
    Ok((positions.len() == events.len()).then_some(positions))
}

/// What a failed statement means.
pub(super) enum Failed {
    /// The stream's own key was violated; no other constraint means conflict.
    StreamTaken,
    /// The statement surely did nothing and may be sent again.
    Retryable(sqlx::Error),
    /// The connection was lost: the statement may or may not have been carried out.
    InDoubt(sqlx::Error),
    /// Sending it again would not help.
    Final(sqlx::Error),
}

pub(super) fn classify(error: sqlx::Error) -> Failed {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::PoolTimedOut => Failed::Retryable(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Failed::InDoubt(error),
            _ => Failed::Final(error),
        };
    };
    if database.constraint() == Some(STREAM_KEY) {
        return Failed::StreamTaken;
    }
    match database.code().as_deref() {
        // Serialisation failure, deadlock, too many connections, full disk, starting up, a standby.
        Some("40001" | "40P01" | "53300" | "53100" | "57P03" | "25006") => Failed::Retryable(error),
        // The server was told to stop, or the backend was.
        Some("57P01" | "57P02") => Failed::InDoubt(error),
        _ => Failed::Final(error),
    }
}
