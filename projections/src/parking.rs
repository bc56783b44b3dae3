//! Events that could not be folded, and every later event of their streams: set aside by name,
//! never passed unseen.

use std::collections::HashSet;
use std::error::Error;

use sqlx::{PgConnection, PgExecutor};

use crate::feed::{Entry, Stream};

/// The streams one projection has given up following.
#[derive(Default)]
pub(crate) struct ParkedStreams(HashSet<Stream>);

/// An event on its way aside.
pub(crate) struct ParkedEvent {
    position: i64,
    stream: Stream,
    error: String,
    attempts: i32,
}

impl ParkedEvent {
    /// Because of what `error` says, after so many attempts.
    pub(crate) fn failed(entry: &Entry, error: &dyn Error, attempts: i32) -> Self {
        Self {
            position: entry.position,
            stream: entry.stream.clone(),
            error: chain(error),
            attempts,
        }
    }

    /// Because an earlier event of its stream is parked.
    pub(crate) fn follower(entry: &Entry) -> Self {
        Self {
            position: entry.position,
            stream: entry.stream.clone(),
            error: "an earlier event of this stream is parked".to_owned(),
            attempts: 0,
        }
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    /// Whether the fault is another event's.
    pub(crate) fn is_follower(&self) -> bool {
        self.attempts == 0
    }
}

impl ParkedStreams {
    /// What the database remembers.
    pub(crate) async fn load(
        connection: impl PgExecutor<'_>,
        name: &str,
        generation: i32,
    ) -> Result<Self, sqlx::Error> {
        let sql = r"
            select distinct aggregate_type, aggregate_id
              from parked_events
             where name = $1
               and generation = $2";
        let rows: Vec<(String, String)> = sqlx::query_as(sql)
            .bind(name)
            .bind(generation)
            .fetch_all(connection)
            .await?;
        let streams = rows
            .into_iter()
            .map(|(aggregate_type, aggregate_id)| Stream {
                aggregate_type,
                aggregate_id,
            });
        Ok(Self(streams.collect()))
    }

    pub(crate) fn contains(&self, stream: &Stream) -> bool {
        self.0.contains(stream)
    }

    /// Remembers what was committed.
    pub(crate) fn extend(&mut self, parked: Vec<ParkedEvent>) {
        self.0.extend(parked.into_iter().map(|event| event.stream));
    }
}

/// Sets events aside, inside the transaction that moves the checkpoint past them.
pub(crate) async fn park(
    connection: &mut PgConnection,
    (name, generation): (&str, i32),
    events: &[ParkedEvent],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into parked_events
               (name, generation, position, aggregate_type, aggregate_id, error, attempts)
        select $1, $2, event.*
          from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::integer[]) as event";
    let column = |text: fn(&ParkedEvent) -> &str| events.iter().map(text).collect::<Vec<_>>();
    sqlx::query(sql)
        .bind(name)
        .bind(generation)
        .bind(
            events
                .iter()
                .map(|event| event.position)
                .collect::<Vec<_>>(),
        )
        .bind(column(|event| &event.stream.aggregate_type))
        .bind(column(|event| &event.stream.aggregate_id))
        .bind(column(|event| &event.error))
        .bind(
            events
                .iter()
                .map(|event| event.attempts)
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the live generation from moving until the transaction ends; answers which it is, and where
/// it stands.
pub(crate) async fn lock_live(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<(i32, i64)>, sqlx::Error> {
    let sql = r"
        select generation, position
          from projections
         where name = $1
           and status = 'live'
           for update";
    sqlx::query_as(sql)
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// Forgets that a stream was parked. Whoever projects remembers it too, so the lease is taken away:
/// the next to have it asks again what is parked.
pub(crate) async fn unpark(
    connection: &mut PgConnection,
    (name, generation): (&str, i32),
    (aggregate_type, id): (&str, &str),
) -> Result<(), sqlx::Error> {
    let sql = r"
        delete from parked_events
         where name = $1
           and generation = $2
           and aggregate_type = $3
           and aggregate_id = $4";
    sqlx::query(sql)
        .bind(name)
        .bind(generation)
        .bind(aggregate_type)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let sql = r"
        update projections
           set lease_owner = null,
               lease_until = null,
               lease_epoch = lease_epoch + 1
         where name = $1
           and generation = $2";
    sqlx::query(sql)
        .bind(name)
        .bind(generation)
        .execute(connection)
        .await?;
    Ok(())
}

/// An error and its causes in one line, without the NULs that no column takes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.replace('\0', "\u{fffd}")
}

/// Whether an error is due to what an event holds, so that waiting cannot help: a value the
/// database refuses, or a change to a row that is not there. Everything else is an outage.
pub(crate) fn blames_event(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::RowNotFound | sqlx::Error::Encode(_) => true,
        // Data exception, integrity constraint violation, program limit exceeded.
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
            ["22", "23", "54"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}
