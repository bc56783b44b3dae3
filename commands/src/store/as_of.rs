//! Streams as they stood: every version, time and position of the past can be asked for.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::persist::SerializedEvent;
use jan_domain::Decider;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, QueryBuilder, Row};

use super::{Loaded, Store};
use crate::error::CommandError;

/// A moment in the life of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After so many of its events.
    Version(i64),
    /// What was on record then, by the database's clock.
    Time(DateTime<Utc>),
    /// What was on record when the log had come to this position.
    Position(i64),
    /// Now.
    Head,
}

/// What is known of an event beside what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the stream, from 1: the version it makes.
    pub version: i64,
    /// Its place in the log.
    pub position: i64,
    /// When the database took it.
    pub recorded_at: DateTime<Utc>,
    /// Aggregate and variant, such as `ResponseCompleted`.
    pub event_type: String,
    /// Who acted: an account id, or `system`.
    pub actor: String,
    /// The HTTP request; empty when the server acted by itself.
    pub request: String,
}

/// An aggregate as it stood.
#[derive(Debug, Clone)]
pub struct Past<A: Aggregate> {
    /// The fold of its first events.
    pub then: Loaded<A>,
    /// These events, oldest first, and what is known of each.
    pub events: Vec<(Record, A::Event)>,
}

impl<A: Aggregate> Past<A> {
    /// The event that made it what it was.
    pub fn last(&self) -> Option<&Record> {
        self.events.last().map(|(record, _)| record)
    }
}

impl<A> Store<A>
where
    A: Decider,
    A::Command: Clone,
{
    /// Folds the events of a stream that were on record at a moment. Before its first event a stream
    /// is at version 0; beyond its last it is as it is now.
    pub async fn as_of(&self, id: &str, moment: Moment) -> Result<Past<A>, CommandError<A::Error>> {
        let rows = self.rows(id, moment).await.map_err(unreadable)?;
        let (records, stored): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|row| row.parted::<A>(id)).unzip();
        let mut events = Vec::with_capacity(records.len());
        let mut records = records.into_iter();
        let heard = |event: &A::Event| {
            events.extend(records.next().map(|record| (record, event.clone())));
        };
        let then = self.fold(Loaded::new(id), stored, heard).await?;
        Ok(Past { then, events })
    }

    /// How many events a stream has.
    pub async fn version(&self, id: &str) -> Result<i64, CommandError<A::Error>> {
        let sql = r"
            select coalesce(max(sequence), 0)
              from events
             where aggregate_type = $1
               and aggregate_id = $2";
        let version = sqlx::query_scalar(sql)
            .bind(A::TYPE)
            .bind(id)
            .fetch_one(self.log().pool());
        version.await.map_err(unreadable)
    }

    /// What is known of the events of a stream beside what they tell: at most `limit` of them,
    /// beyond version `after` in the direction of `newest_first`.
    pub async fn versions(
        &self,
        id: &str,
        after: Option<i64>,
        (limit, newest_first): (usize, bool),
    ) -> Result<Vec<Record>, CommandError<A::Error>> {
        let mut query = QueryBuilder::new("select ");
        query.push(RECORD).push(" from events");
        push_stream::<A>(&mut query, id);
        if let Some(after) = after {
            query
                .push(if newest_first {
                    " and sequence < "
                } else {
                    " and sequence > "
                })
                .push_bind(after);
        }
        query
            .push(" order by sequence")
            .push(if newest_first { " desc" } else { "" })
            .push(" limit ")
            .push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.build_query_as().fetch_all(self.log().pool());
        rows.await.map_err(unreadable)
    }

    async fn rows(&self, id: &str, moment: Moment) -> Result<Vec<StreamRow>, sqlx::Error> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(RECORD)
            .push(", event_version, payload, metadata from events");
        push_stream::<A>(&mut query, id);
        match moment {
            Moment::Version(version) => {
                query.push(" and sequence <= ").push_bind(version);
            }
            Moment::Position(position) => {
                query.push(" and position <= ").push_bind(position);
            }
            // A clock may be set back: what follows a later event is later.
            Moment::Time(time) => {
                query.push(" and not exists (select from events as later");
                query.push(" where later.aggregate_type = events.aggregate_type");
                query.push(" and later.aggregate_id = events.aggregate_id");
                query.push(" and later.sequence <= events.sequence");
                query.push(" and later.recorded_at > ").push_bind(time);
                query.push(")");
            }
            Moment::Head => {}
        }
        query.push(" order by sequence");
        query.build_query_as().fetch_all(self.log().pool()).await
    }
}

const RECORD: &str = "sequence, position, recorded_at, event_type, actor_id, \
                      metadata ->> 'request_id' as request_id";

fn push_stream<'q, A: Aggregate>(query: &mut QueryBuilder<'q, Postgres>, id: &'q str) {
    query
        .push(" where aggregate_type = ")
        .push_bind(A::TYPE)
        .push(" and aggregate_id = ")
        .push_bind(id);
}

pub(super) fn unreadable<E>(error: sqlx::Error) -> CommandError<E> {
    CommandError::Unavailable(error.into())
}

struct StreamRow {
    record: Record,
    event_version: String,
    payload: Value,
    metadata: Value,
}

impl StreamRow {
    /// Parted in what is known of the event and what it tells.
    fn parted<A: Aggregate>(self, id: &str) -> (Record, SerializedEvent) {
        let stored = SerializedEvent::new(
            id.to_owned(),
            usize::try_from(self.record.version).unwrap_or_default(),
            A::TYPE.to_owned(),
            self.record.event_type.clone(),
            self.event_version,
            self.payload,
            self.metadata,
        );
        (self.record, stored)
    }
}

impl FromRow<'_, PgRow> for Record {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get("sequence")?,
            position: row.try_get("position")?,
            recorded_at: row.try_get("recorded_at")?,
            event_type: row.try_get("event_type")?,
            actor: row.try_get::<Option<_>, _>("actor_id")?.unwrap_or_default(),
            request: row
                .try_get::<Option<_>, _>("request_id")?
                .unwrap_or_default(),
        })
    }
}

impl FromRow<'_, PgRow> for StreamRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            record: Record::from_row(row)?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            metadata: row.try_get("metadata")?,
        })
    }
}
