//! What was set aside, and putting it back: the events of a parked stream are folded once more,
//! all of them or none.

use chrono::{DateTime, Utc};
use jan_domain::ports::Keyring;
use sqlx::{Connection, PgConnection, PgPool};

use crate::error::ReadError;
use crate::feed::{Entry, SELECT};
use crate::parking::{blames_event, chain, lock_live, unpark};
use crate::projection::Definition;
use crate::rebuild::RebuildError;
use crate::skipped::Skipped;

/// An event that a live projection has set aside.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Parked {
    /// Its place in the log.
    pub position: i64,
    /// The kind of its stream.
    pub aggregate_type: String,
    /// Its stream.
    pub aggregate_id: String,
    /// What is wrong with it, or that it follows one that is.
    pub error: String,
    /// How often it was tried; 0 if it only follows.
    pub attempts: i32,
    /// When it was set aside.
    pub parked_at: DateTime<Utc>,
}

/// Which parked streams are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// The one with this id.
    Stream(String),
    /// The one that the event at this position belongs to.
    Position(i64),
}

/// What became of a parked stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// Which.
    pub stream: String,
    /// How many of its events were set aside.
    pub events: usize,
    /// Why it stays parked; none if it does not.
    pub error: Option<String>,
}

/// Everything the live generation has set aside, in order.
pub(crate) async fn list(pool: &PgPool, name: &str) -> Result<Vec<Parked>, ReadError> {
    let sql = r"
        select parked.position, aggregate_type, aggregate_id, error, attempts, parked_at
          from parked_events as parked
          join projections using (name, generation)
         where name = $1
           and status = 'live'
         order by parked.position";
    Ok(sqlx::query_as(sql).bind(name).fetch_all(pool).await?)
}

/// Tries the selected streams once more, each in a transaction of its own.
pub(crate) async fn retry(
    (pool, keyring): (&PgPool, &dyn Keyring),
    definition: &Definition,
    selection: &Selection,
) -> Result<Vec<Retried>, RebuildError> {
    let parked = list(pool, definition.name).await?;
    let chosen = |event: &&Parked| match selection {
        Selection::All => true,
        Selection::Stream(id) => event.aggregate_id == *id,
        Selection::Position(position) => event.position == *position,
    };
    let mut streams: Vec<(String, String)> = Vec::new();
    for event in parked.iter().filter(chosen) {
        let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
        if !streams.contains(&stream) {
            streams.push(stream);
        }
    }
    let skipped = Skipped::load(pool, keyring, definition.name).await?;
    let mut retried = Vec::new();
    for (aggregate_type, id) in &streams {
        let stream = (aggregate_type.as_str(), id.as_str());
        retried.push(retry_stream((pool, keyring), (definition, &skipped), stream).await?);
    }
    Ok(retried)
}

async fn retry_stream(
    (pool, keyring): (&PgPool, &dyn Keyring),
    (definition, skipped): (&Definition, &Skipped),
    stream: (&str, &str),
) -> Result<Retried, RebuildError> {
    let name = definition.name;
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let (generation, _) = lock_live(&mut transaction, name)
        .await?
        .ok_or(RebuildError::NotLive { name })?;
    let entries = set_aside(&mut transaction, keyring, (name, generation), stream).await?;
    let mut outcome = Retried {
        stream: stream.1.to_owned(),
        events: entries.len(),
        error: None,
    };
    for entry in entries {
        if skipped.contains(entry.position) {
            continue;
        }
        let mut changes = definition.begin();
        match &entry.event {
            Ok(event) => changes.fold(&entry.stream.aggregate_id, event),
            Err(error) => outcome.error = Some(told(&entry, chain(error))),
        }
        if outcome.error.is_none()
            && !changes.is_empty()
            && let Err(error) = changes.write(&mut transaction).await
        {
            if !blames_event(&error) {
                return Err(error.into());
            }
            outcome.error = Some(told(&entry, chain(&error)));
        }
        if outcome.error.is_some() {
            transaction.rollback().await?;
            return Ok(outcome);
        }
    }
    unpark(&mut transaction, (name, generation), stream).await?;
    transaction.commit().await?;
    Ok(outcome)
}

fn told(entry: &Entry, error: String) -> String {
    format!("event {}: {error}", entry.position)
}

async fn set_aside(
    connection: &mut PgConnection,
    keyring: &dyn Keyring,
    (name, generation): (&str, i32),
    (aggregate_type, id): (&str, &str),
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = format!(
        "{SELECT} where position in (select parked.position \
                                       from parked_events as parked \
                                      where parked.name = $1 \
                                        and parked.generation = $2 \
                                        and parked.aggregate_type = $3 \
                                        and parked.aggregate_id = $4) \
          order by position"
    );
    let rows = sqlx::query(&sql)
        .bind(name)
        .bind(generation)
        .bind(aggregate_type)
        .bind(id)
        .fetch_all(connection)
        .await?;
    Entry::of_rows(&rows, keyring).await
}

/// The stream of an event.
pub(crate) async fn stream_at(pool: &PgPool, position: i64) -> Result<Option<String>, sqlx::Error> {
    let sql = "select aggregate_id from events where position = $1";
    sqlx::query_scalar(sql)
        .bind(position)
        .fetch_optional(pool)
        .await
}
