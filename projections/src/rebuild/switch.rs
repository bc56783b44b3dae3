//! The moment in which another generation becomes the live one.
//!
//! One transaction locks the rows of the read model, so that neither side moves, folds into the new
//! tables what the old ones have and they have not, and lets the tables change places. Statements
//! of readers name tables without a schema and are planned again by Postgres; none fails. The lock
//! on the tables is asked for with little patience, because readers queue behind whoever waits for
//! it.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

use super::error::RebuildError;
use super::follow::write_between;
use super::site::Site;
use crate::generation::{Status, drop_generation, schema_of};
use crate::projection::Definition;

/// How long readers may have to wait behind us.
const PATIENCE: &str = "set local lock_timeout = '250ms'";
/// Pause after others were in the way.
const PAUSE: Duration = Duration::from_millis(200);
/// Positions that may be folded while everything else waits.
const DISTANCE_MAX: i64 = 2_000;
/// SQLSTATEs of a lock that was not to be had: in time, and without a circle.
const IN_THE_WAY: [&str; 2] = ["55P03", "40P01"];

/// How an attempt went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Done,
    /// The live generation is too far ahead.
    Behind,
    /// Somebody holds a table.
    InTheWay,
}

#[derive(sqlx::FromRow)]
struct Row {
    generation: i32,
    status: String,
    version: i32,
    position: i64,
}

/// Makes the site's generation the live one, as soon as it is near enough. What was live stands by;
/// what stood by before is let go of.
pub(super) async fn switch(site: &Site) -> Result<Attempt, RebuildError> {
    let attempt = match attempt(site).await {
        Err(RebuildError::Database(sqlx::Error::Database(refusal)))
            if refusal
                .code()
                .is_some_and(|code| IN_THE_WAY.contains(&code.as_ref())) =>
        {
            Attempt::InTheWay
        }
        attempt => attempt?,
    };
    if attempt == Attempt::InTheWay {
        sleep(PAUSE).await;
    }
    Ok(attempt)
}

async fn attempt(site: &Site) -> Result<Attempt, RebuildError> {
    let name = site.definition.name;
    let mut transaction = site.own.begin().await?;
    for rule in [PATIENCE, "set local synchronous_commit = on"] {
        sqlx::query(rule).execute(&mut *transaction).await?;
    }
    let rows = lock(&mut transaction, name).await?;
    let live = rows.iter().find(|row| row.status == Status::Live.as_str());
    let next = rows.iter().find(|row| {
        let may = [Status::Building.as_str(), Status::Standby.as_str()];
        row.generation == site.generation && may.contains(&row.status.as_str())
    });
    let (live, next) = (
        live.ok_or(RebuildError::NotLive { name })?,
        next.ok_or(RebuildError::Taken)?,
    );
    if live.position > next.position + DISTANCE_MAX {
        transaction.rollback().await?;
        return Ok(Attempt::Behind);
    }
    write_between(site, &mut transaction, (next.position, live.position)).await?;
    let stood_by = rows
        .iter()
        .find(|row| row.status == Status::Standby.as_str() && row.generation != site.generation);
    if let Some(row) = stood_by {
        drop_generation(&mut transaction, name, row.generation).await?;
    }
    let (old, new) = (live.generation, site.generation);
    change_places(&mut transaction, &site.definition, (old, new)).await?;
    for (generation, status) in [
        (old, Status::Failed),
        (new, Status::Live),
        (old, Status::Standby),
    ] {
        enter(
            &mut transaction,
            (name, generation),
            (status, live.position),
        )
        .await?;
    }
    if live.version == 0 {
        // It was never filled, so there is nothing to go back to.
        drop_generation(&mut transaction, name, old).await?;
    }
    transaction.commit().await?;
    Ok(Attempt::Done)
}

async fn lock(connection: &mut PgConnection, name: &str) -> Result<Vec<Row>, sqlx::Error> {
    let sql = r"
        select generation, status, version, position
          from projections
         where name = $1
         order by generation
           for update";
    sqlx::query_as(sql).bind(name).fetch_all(connection).await
}

async fn change_places(
    connection: &mut PgConnection,
    definition: &Definition,
    (old, new): (i32, i32),
) -> Result<(), sqlx::Error> {
    let (old, new) = (
        schema_of(definition.name, old),
        schema_of(definition.name, new),
    );
    let mut statements = vec![format!("create schema if not exists {old}")];
    for table in definition.tables {
        let name = table.name;
        statements.push(format!("alter table public.{name} set schema {old}"));
        statements.push(format!("alter table {new}.{name} set schema public"));
    }
    statements.push(format!("drop schema {new}"));
    for sql in statements {
        sqlx::query(&sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes the lease away from whoever has it, so that the change is noticed.
async fn enter(
    connection: &mut PgConnection,
    (name, generation): (&str, i32),
    (status, position): (Status, i64),
) -> Result<(), sqlx::Error> {
    let sql = r"
        update projections
           set status = $3,
               phase = null,
               event_count = event_count
                             + (select count(*) from events
                                 where events.position > projections.position
                                   and events.position <= $4),
               position = greatest(position, $4),
               lease_owner = null,
               lease_until = null,
               lease_epoch = lease_epoch + 1,
               updated_at = clock_timestamp()
         where name = $1
           and generation = $2";
    sqlx::query(sql)
        .bind(name)
        .bind(generation)
        .bind(status.as_str())
        .bind(position)
        .execute(connection)
        .await?;
    Ok(())
}
