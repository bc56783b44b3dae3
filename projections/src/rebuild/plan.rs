//! The beginning of a build: its row, its tables without indexes, and its parts.

use std::time::Duration;

use jan_domain::id::NodeId;
use sqlx::{Connection, PgConnection, PgPool};

use super::error::RebuildError;
use super::live::live_position;
use super::progress::Phase;
use crate::feed::Gate;
use crate::generation::{drop_generation, pool_in, schema_of};
use crate::projection::{Course, Definition, Streams};

/// Parts of a build unless more or fewer are asked for: beyond, the database is what limits.
const SHARDS: usize = 4;
/// Most parts. Each takes two connections.
pub const SHARDS_MAX: usize = 16;
/// Events that are worth a part of their own.
const SHARD_EVENTS: i64 = 20_000;

/// What a build is for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Whether it is to become live; otherwise it is compared and dropped.
    pub(crate) replaces: bool,
    /// How many parts are read at once.
    pub(crate) shards: Option<usize>,
    /// Who will carry it; whoever comes first if nobody is named.
    pub(crate) owner: Option<(NodeId, Duration)>,
}

/// Begins a build and gives its generation; the one that is being built if there is one.
pub(crate) async fn begin(
    pool: &PgPool,
    definition: &Definition,
    wish: Wish,
) -> Result<i32, RebuildError> {
    if let Some(generation) = building(pool, definition.name, &wish).await? {
        return Ok(generation);
    }
    let target = if wish.replaces {
        Gate::new(pool.clone()).settle().await?
    } else {
        // What is compared must not be ahead of what it is compared with.
        live_position(pool, definition.name).await?
    };
    let streams = match definition.course {
        Course::Copied(streams) | Course::Written(streams) => Some(streams),
        Course::InOrder => None,
    };
    // Counting a long log takes longer than a request may.
    let mut connection = pool_in("public", pool, 1).acquire().await?;
    let total = match streams {
        Some(streams) => count(&mut connection, streams).await?,
        None => count_all(&mut connection, target).await?,
    };
    let ranges = match streams {
        Some(streams) => ranges(&mut connection, streams, (total, wish.shards)).await?,
        None => Vec::new(),
    };
    let mut transaction = connection.begin().await?;
    let generation = enter(&mut transaction, definition, (&wish, target, total)).await;
    let generation = match generation {
        Err(error) if is_taken(&error) => {
            transaction.rollback().await?;
            // Somebody was faster.
            let other = building(pool, definition.name, &wish).await?;
            return other.ok_or(RebuildError::Taken);
        }
        generation => generation?,
    };
    make_tables(&mut transaction, definition, generation).await?;
    let place = (definition.name, generation);
    enter_shards(&mut transaction, place, &ranges).await?;
    transaction.commit().await?;
    Ok(generation)
}

/// The generation that is being built for the same purpose. One comparison is as good as another,
/// but only whoever began it is told.
async fn building(
    pool: &PgPool,
    name: &'static str,
    wish: &Wish,
) -> Result<Option<i32>, RebuildError> {
    let sql = r"
        select generation, replaces
          from projections
         where name = $1
           and status = 'building'";
    let found: Option<(i32, bool)> = sqlx::query_as(sql).bind(name).fetch_optional(pool).await?;
    match found {
        None => Ok(None),
        Some((generation, true)) if wish.replaces => Ok(Some(generation)),
        Some(_) => Err(RebuildError::Busy { name }),
    }
}

fn is_taken(error: &RebuildError) -> bool {
    let RebuildError::Database(sqlx::Error::Database(refusal)) = error else {
        return false;
    };
    refusal.is_unique_violation()
}

async fn enter(
    connection: &mut PgConnection,
    definition: &Definition,
    (wish, target, total): (&Wish, i64, i64),
) -> Result<i32, RebuildError> {
    let sql = "select generation from projections where name = $1 and status = 'failed'";
    let failed: Vec<i32> = sqlx::query_scalar(sql)
        .bind(definition.name)
        .fetch_all(&mut *connection)
        .await?;
    let sql = r"
        insert into projections
               (name, generation, status, version, replaces, phase, target, events_total,
                started_at, lease_owner, lease_until)
        select $1, coalesce(max(generation), 0) + 1, 'building', $2, $3, $4, $5, $6,
               clock_timestamp(), $7, clock_timestamp() + make_interval(secs => $8)
          from projections
         where name = $1
        returning generation";
    let generation = sqlx::query_scalar(sql)
        .bind(definition.name)
        .bind(definition.version)
        .bind(wish.replaces)
        .bind(Phase::Loading.as_str())
        .bind(target)
        .bind(total)
        .bind(wish.owner.as_ref().map(|(node, _)| node.as_str()))
        .bind(wish.owner.as_ref().map(|(_, lease)| lease.as_secs_f64()))
        .fetch_one(&mut *connection)
        .await?;
    for generation in failed {
        drop_generation(connection, definition.name, generation).await?;
    }
    Ok(generation)
}

async fn make_tables(
    connection: &mut PgConnection,
    definition: &Definition,
    generation: i32,
) -> Result<(), sqlx::Error> {
    let schema = schema_of(definition.name, generation);
    sqlx::query(&format!("create schema {schema}"))
        .execute(&mut *connection)
        .await?;
    for table in definition.tables {
        let name = table.name;
        let sql = "select array_to_string(reloptions, ', ') from pg_class where oid = $1::regclass";
        let options: Option<String> = sqlx::query_scalar(sql)
            .bind(format!("public.{name}"))
            .fetch_one(&mut *connection)
            .await?;
        let options = options.map_or_else(String::new, |options| format!(" with ({options})"));
        let sql = format!(
            "create table {schema}.{name} (like public.{name} including defaults \
             including constraints including generated including identity including storage \
             including compression){options}"
        );
        sqlx::query(&sql).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn count(connection: &mut PgConnection, streams: Streams) -> Result<i64, sqlx::Error> {
    let sql = r"
        select count(*)
          from events
         where aggregate_type = $1
           and starts_with(aggregate_id, $2)";
    sqlx::query_scalar(sql)
        .bind(streams.aggregate_type)
        .bind(streams.prefix)
        .fetch_one(connection)
        .await
}

pub(super) async fn count_all(
    connection: &mut PgConnection,
    through: i64,
) -> Result<i64, sqlx::Error> {
    let sql = "select count(*) from events where position <= $1";
    sqlx::query_scalar(sql)
        .bind(through)
        .fetch_one(connection)
        .await
}

/// The ids after which the second and any later part begins. Ranges of ids, not hashes: each part
/// then reads its own stretch of the index, and ids that grow with time keep it to its own stretch
/// of the table too.
async fn ranges(
    connection: &mut PgConnection,
    streams: Streams,
    (total, shards): (i64, Option<usize>),
) -> Result<Vec<String>, sqlx::Error> {
    let worth = usize::try_from(total / SHARD_EVENTS).unwrap_or(SHARDS);
    let shards = shards.unwrap_or(worth.min(SHARDS)).clamp(1, SHARDS_MAX);
    let step = total / i64::try_from(shards).expect("there are few");
    if shards == 1 || step == 0 {
        return Ok(Vec::new());
    }
    let sql = r"
        select distinct aggregate_id
          from (select aggregate_id, row_number() over (order by aggregate_id, sequence) as row
                  from events
                 where aggregate_type = $1
                   and starts_with(aggregate_id, $2)) as numbered
         where row % $3 = 0
         order by aggregate_id
         limit $4";
    sqlx::query_scalar(sql)
        .bind(streams.aggregate_type)
        .bind(streams.prefix)
        .bind(step)
        .bind(i64::try_from(shards - 1).expect("there are few"))
        .fetch_all(connection)
        .await
}

async fn enter_shards(
    connection: &mut PgConnection,
    (name, generation): (&str, i32),
    borders: &[String],
) -> Result<(), sqlx::Error> {
    let starts = std::iter::once("").chain(borders.iter().map(String::as_str));
    let ends = borders.iter().map(|end| Some(end.as_str())).chain([None]);
    for (shard, (start, end)) in (0_i32..).zip(starts.zip(ends)) {
        let sql = r"
            insert into projection_shards
                   (name, generation, shard, range_start, range_end, cursor)
            values ($1, $2, $3, $4, $5, $4)";
        sqlx::query(sql)
            .bind(name)
            .bind(generation)
            .bind(shard)
            .bind(start)
            .bind(end)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
