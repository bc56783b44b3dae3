//! Taking in what another log has recorded: all of it or nothing, and nothing twice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jan_domain::ports::{KeyFailure, Keyring};
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::append::STREAM_KEY;
use super::foreign_event::ForeignEvent;

/// A stream by kind and name.
type Stream<'e> = (&'e str, &'e str);

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An id is an event's for good.
    #[error("line {line}: the id {event_id} is already that of {stream}#{sequence}")]
    IdTaken {
        /// Where in the file.
        line: usize,
        /// The id.
        event_id: Uuid,
        /// Whose it is.
        stream: String,
        /// Whose it is.
        sequence: i64,
    },
    /// The log has another event in this place.
    #[error("line {line}: another event is already on record as {stream}#{sequence}")]
    PlaceTaken {
        /// Where in the file.
        line: usize,
        /// The stream.
        stream: String,
        /// The place.
        sequence: i64,
    },
    /// Events before this one are missing.
    #[error(
        "line {line}: {stream}#{sequence} does not continue its stream, which goes on with {next}"
    )]
    Gap {
        /// Where in the file.
        line: usize,
        /// The stream.
        stream: String,
        /// Its place.
        sequence: i64,
        /// The place that would have been right.
        next: i64,
    },
    /// Somebody else has extended a stream.
    #[error("a stream was extended meanwhile; nothing was imported")]
    Conflict,
    /// The keys of owners cannot be had.
    #[error("what is imported cannot be sealed for its owners")]
    Unsealed(#[from] KeyFailure),
    /// What is on record in this place cannot be opened, so nobody knows what it is.
    #[error("line {line}: what is on record as {stream}#{sequence} cannot be opened")]
    Closed {
        /// Where in the file.
        line: usize,
        /// The stream.
        stream: String,
        /// Its place.
        sequence: i64,
    },
    /// The database cannot be reached, or refuses.
    #[error("the event log cannot be written")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refused) if refused.constraint() == Some(STREAM_KEY) => Self::Conflict,
            _ => Self::Database(error),
        }
    }
}

/// What an import has done so far, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that were written.
    pub added: u64,
    /// Events that were on record already, byte for byte.
    pub present: u64,
}

/// An import under way: one transaction, so that what is dropped was never there.
pub struct Import {
    transaction: Transaction<'static, Postgres>,
    keyring: Arc<dyn Keyring>,
    taken: HashMap<Uuid, (String, i64)>,
    so_far: Imported,
}

impl Import {
    /// Begins one of events with these ids. Looks through the whole log for them: that is seldom
    /// done, and an index would cost every append.
    ///
    /// What is personal is sealed under its owner's key, as an append is.
    pub async fn begin(
        pool: &PgPool,
        keyring: Arc<dyn Keyring>,
        ids: &[Uuid],
    ) -> Result<Self, ImportError> {
        let mut transaction = pool.begin().await?;
        let sql = "select event_id, aggregate_id, sequence from events where event_id = any($1)";
        let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(sql)
            .bind(ids)
            .fetch_all(&mut *transaction)
            .await?;
        let taken = rows
            .into_iter()
            .map(|(id, stream, sequence)| (id, (stream, sequence)));
        Ok(Self {
            taken: taken.collect(),
            transaction,
            keyring,
            so_far: Imported::default(),
        })
    }

    /// Takes the next events of the file, in its order.
    pub async fn take(&mut self, events: &[ForeignEvent]) -> Result<(), ImportError> {
        let mut heads = self.heads(events).await?;
        let mut fresh = Vec::new();
        for event in events {
            let ForeignEvent { line, sequence, .. } = *event;
            let stream = event.aggregate_id.clone();
            match self.taken.get(&event.event_id) {
                Some(place) if *place != (stream.clone(), sequence) => {
                    let (stream, sequence) = place.clone();
                    let event_id = event.event_id;
                    return Err(ImportError::IdTaken {
                        line,
                        event_id,
                        stream,
                        sequence,
                    });
                }
                _ => {}
            }
            let head = heads.entry(stream_of(event)).or_default();
            if sequence > *head + 1 {
                let next = *head + 1;
                return Err(ImportError::Gap {
                    line,
                    stream,
                    sequence,
                    next,
                });
            }
            if sequence == *head + 1 {
                *head = sequence;
                fresh.push(event);
            } else if self.is_on_record(event, &fresh).await? {
                self.so_far.present += 1;
            } else {
                return Err(ImportError::PlaceTaken {
                    line,
                    stream,
                    sequence,
                });
            }
        }
        self.so_far.added += fresh.len() as u64;
        let payloads = self.sealed(&fresh).await?;
        insert(&mut self.transaction, &fresh, payloads).await?;
        Ok(())
    }

    async fn sealed(&self, events: &[&ForeignEvent]) -> Result<Vec<String>, KeyFailure> {
        let mut payloads = Vec::new();
        for event in events {
            payloads.push(event.sealed_by(self.keyring.as_ref()).await?);
        }
        Ok(payloads)
    }

    /// Makes it all durable.
    pub async fn commit(self) -> Result<Imported, ImportError> {
        self.transaction.commit().await?;
        Ok(self.so_far)
    }

    /// Leaves everything as it was, and says what would have been done.
    pub async fn roll_back(self) -> Result<Imported, ImportError> {
        self.transaction.rollback().await?;
        Ok(self.so_far)
    }

    /// The last sequence of each stream in which there are events.
    async fn heads<'e>(
        &mut self,
        events: &'e [ForeignEvent],
    ) -> Result<HashMap<Stream<'e>, i64>, ImportError> {
        let streams: HashSet<_> = events.iter().map(stream_of).collect();
        let sql = r"
            select aggregate_type, aggregate_id, max(sequence)
              from unnest($1::text[], $2::text[]) as wanted (aggregate_type, aggregate_id)
              join events using (aggregate_type, aggregate_id)
             group by aggregate_type, aggregate_id";
        let (kinds, ids): (Vec<&str>, Vec<&str>) = streams.iter().copied().unzip();
        let rows: Vec<(String, String, i64)> = sqlx::query_as(sql)
            .bind(kinds)
            .bind(ids)
            .fetch_all(&mut *self.transaction)
            .await?;
        let on_record = rows.into_iter().map(|(kind, id, last)| ((kind, id), last));
        let on_record: HashMap<_, _> = on_record.collect();
        let head = |(kind, id): Stream<'e>| {
            let last = on_record.get(&(kind.to_owned(), id.to_owned()));
            ((kind, id), last.copied().unwrap_or(0))
        };
        Ok(streams.into_iter().map(head).collect())
    }

    /// Whether the very same event is on record; never one of those that are about to be.
    async fn is_on_record(
        &mut self,
        event: &ForeignEvent,
        fresh: &[&ForeignEvent],
    ) -> Result<bool, ImportError> {
        let place = |event: &ForeignEvent| (event.aggregate_id.clone(), event.sequence);
        if fresh.iter().any(|other| place(other) == place(event)) {
            return Ok(false);
        }
        let sql = r"
            select payload::text
              from events
             where aggregate_type = $1
               and aggregate_id = $2
               and sequence = $3
               and event_id = $4
               and event_type = $5
               and event_version = $6
               and metadata::text = $7
               and recorded_at = $8";
        let payload: Option<String> = sqlx::query_scalar(sql)
            .bind(&event.aggregate_type)
            .bind(&event.aggregate_id)
            .bind(event.sequence)
            .bind(event.event_id)
            .bind(&event.event_type)
            .bind(&event.event_version)
            .bind(&event.metadata)
            .bind(event.recorded_at)
            .fetch_optional(&mut *self.transaction)
            .await?;
        let Some(payload) = payload else {
            return Ok(false);
        };
        let opened = event.opened(payload, self.keyring.as_ref()).await?;
        match opened {
            Some(payload) => Ok(payload == event.payload),
            None => Err(ImportError::Closed {
                line: event.line,
                stream: event.aggregate_id.clone(),
                sequence: event.sequence,
            }),
        }
    }
}

fn stream_of(event: &ForeignEvent) -> Stream<'_> {
    (&event.aggregate_type, &event.aggregate_id)
}

/// Writes them as they are, with these payloads; only their positions are new.
async fn insert(
    transaction: &mut Transaction<'static, Postgres>,
    events: &[&ForeignEvent],
    payloads: Vec<String>,
) -> Result<(), sqlx::Error> {
    let text = |value: fn(&ForeignEvent) -> &str| -> Vec<&str> {
        events.iter().map(|event| value(event)).collect()
    };
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    let times: Vec<_> = events.iter().map(|event| event.recorded_at).collect();
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload, metadata, event_id, recorded_at)
        select aggregate_type, aggregate_id, sequence, event_type, event_version,
               payload::json, metadata::json, event_id, recorded_at
          from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[],
                      $6::text[], $7::text[], $8::uuid[], $9::timestamptz[])
            as fresh (aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload, metadata, event_id, recorded_at)";
    sqlx::query(sql)
        .bind(text(|event| &event.aggregate_type))
        .bind(text(|event| &event.aggregate_id))
        .bind(sequences)
        .bind(text(|event| &event.event_type))
        .bind(text(|event| &event.event_version))
        .bind(payloads)
        .bind(text(|event| &event.metadata))
        .bind(ids)
        .bind(times)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
