//! Proof of a build before it becomes live: the rows of some streams, as they were copied, against
//! those that the ordinary way of folding and writing makes of the same events.

use sqlx::{Connection, PgConnection};

use super::error::RebuildError;
use super::site::Site;
use crate::feed::{Entry, SELECT};
use crate::projection::{Course, Streams, Table};

/// Streams that are looked at.
const SAMPLE: i64 = 200;
/// Most events of them, so that the transaction stays short.
const SAMPLE_EVENTS: i64 = 2_000;
/// Events that are folded at once, so that rows are also changed and not only made.
const STRETCH: usize = 250;

/// Fails if a sampled row is not what it should be. What is written for it is taken back.
pub(super) async fn prove(site: &Site, position: i64) -> Result<(), RebuildError> {
    let Course::Copied(streams) = site.definition.course else {
        return Ok(());
    };
    let mut connection = site.own.acquire().await?;
    let ids = sample(&mut connection, site, streams).await?;
    let entries = events_of(&mut connection, site, (streams, &ids, position)).await?;
    let mut transaction = connection.begin().await?;
    let copied = sums(&mut transaction, site.definition.tables, &ids).await?;
    wipe(&mut transaction, site.definition.tables, &ids).await?;
    for stretch in entries.chunks(STRETCH) {
        let changes = site.fold(stretch)?;
        if !changes.is_empty() {
            changes.write(&mut transaction).await?;
        }
    }
    let written = sums(&mut transaction, site.definition.tables, &ids).await?;
    transaction.rollback().await?;
    for (table, (copied, written)) in site
        .definition
        .tables
        .iter()
        .zip(copied.iter().zip(&written))
    {
        if copied != written {
            return Err(RebuildError::Unproven {
                table: table.name.to_owned(),
            });
        }
    }
    Ok(())
}

/// Streams from all over: as many as there are among every so many, by their hashes.
async fn sample(
    connection: &mut PgConnection,
    site: &Site,
    streams: Streams,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = r"
        select aggregate_id
          from (select aggregate_id, sum(count(*)) over (order by hashtextextended(aggregate_id, 0))
                         as events
                  from events
                 where aggregate_type = $1
                   and starts_with(aggregate_id, $2)
                   and hashtextextended(aggregate_id, 7) % greatest($3 / $4, 1) = 0
                 group by aggregate_id) as found
         where events <= $5
         limit $4";
    let total: i64 = sqlx::query_scalar(
        "select events_total from projections where name = $1 and generation = $2",
    )
    .bind(site.definition.name)
    .bind(site.generation)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query_scalar(sql)
        .bind(streams.aggregate_type)
        .bind(streams.prefix)
        .bind(total)
        .bind(SAMPLE)
        .bind(SAMPLE_EVENTS)
        .fetch_all(connection)
        .await
}

async fn events_of(
    connection: &mut PgConnection,
    site: &Site,
    (streams, ids, position): (Streams, &[String], i64),
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = format!(
        "{SELECT} where aggregate_type = $1 and aggregate_id = any($2) and position <= $3 \
          order by position"
    );
    let rows = sqlx::query(&sql)
        .bind(streams.aggregate_type)
        .bind(ids)
        .bind(position)
        .fetch_all(connection)
        .await?;
    Entry::of_rows(&rows, site.keyring.as_ref()).await
}

/// Count and sum of hashes of each table's rows of these streams.
async fn sums(
    connection: &mut PgConnection,
    tables: &[Table],
    ids: &[String],
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let mut sums = Vec::new();
    for table in tables {
        let (name, column) = (table.name, table.stream.unwrap_or_default());
        let sql = format!(
            "select count(*), coalesce(sum(hashtextextended(row::text, 0)::numeric), 0)::text \
               from {name} as row where {column} = any($1)"
        );
        sums.push(
            sqlx::query_as(&sql)
                .bind(ids)
                .fetch_one(&mut *connection)
                .await?,
        );
    }
    Ok(sums)
}

/// Deletes the rows of these streams.
pub(super) async fn wipe(
    connection: &mut PgConnection,
    tables: &[Table],
    ids: &[String],
) -> Result<(), sqlx::Error> {
    for table in tables {
        let (name, column) = (table.name, table.stream.unwrap_or_default());
        let sql = format!("delete from {name} where {column} = any($1)");
        sqlx::query(&sql)
            .bind(ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
