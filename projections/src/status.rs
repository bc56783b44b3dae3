//! How the projections are doing, for whoever operates them.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::ReadError;
use crate::generation::Status;

/// Where one projection stands.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// Which of its lives; several may stand side by side.
    pub generation: i32,
    /// What that one is there for.
    #[sqlx(try_from = "String")]
    pub status: Status,
    /// The version of the fold that made it; 0 if it waits for its first build.
    pub version: i32,
    /// The last position that is folded in.
    pub position: i64,
    /// How many events it has passed, parked ones included.
    pub event_count: i64,
    /// How many it has not passed yet.
    pub lag_events: i64,
    /// How old the oldest of those is; 0 when there is none.
    pub lag_seconds: f64,
    /// How many it has set aside.
    pub parked_count: i64,
    /// The node that runs it.
    pub lease_owner: Option<String>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// What last interrupted it, until it moves again.
    pub last_error: Option<String>,
}

/// Every projection, by name and generation.
pub async fn list_projections(pool: &PgPool) -> Result<Vec<ProjectionStatus>, ReadError> {
    let sql = r"
        select name, generation, status, version, position, event_count, updated_at, last_error,
               case when lease_until > clock_timestamp() then lease_owner end as lease_owner,
               (select count(*)
                  from events
                 where events.position > projections.position) as lag_events,
               coalesce((select extract(epoch from clock_timestamp() - recorded_at)
                           from events
                          where events.position > projections.position
                          order by events.position
                          limit 1), 0)::float8 as lag_seconds,
               (select count(*)
                  from parked_events as parked
                 where parked.name = projections.name
                   and parked.generation = projections.generation) as parked_count
          from projections
         order by name, generation";
    Ok(sqlx::query_as(sql).fetch_all(pool).await?)
}
