//! The index that the log is searched by, filled behind the appends.

use sqlx::{Connection as _, PgConnection, PgPool};

use super::leaf::Place;
use super::verify::Fault;
use jan_domain::id::NodeId;

/// Most positions of one transaction.
const POSITIONS_MAX: i64 = 5_000;

/// Takes in everything up to `settled`, as long as this node seals.
pub(crate) async fn follow(
    connection: &mut PgConnection,
    node: &NodeId,
    settled: i64,
) -> Result<(), sqlx::Error> {
    while let Some(through) = step(connection, node, settled).await? {
        if through >= settled {
            break;
        }
    }
    Ok(())
}

/// One transaction: rows, and how far they go. It may be lost in a crash of the database, because
/// both fall back together. `None` when there is nothing to do, or nothing that this node may do.
async fn step(
    connection: &mut PgConnection,
    node: &NodeId,
    settled: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let advance = r"
        with before as materialized
               (select indexed_through, set_config('synchronous_commit', 'off', true)
                  from event_sealer
                 where lease_owner = $1
                   and indexed_through < $2
                   for update)
        update event_sealer
           set indexed_through = least($2, before.indexed_through + $3)
          from before
        returning before.indexed_through, event_sealer.indexed_through";
    let moved: Option<(i64, i64)> = sqlx::query_as(advance)
        .bind(node.as_str())
        .bind(settled)
        .bind(POSITIONS_MAX)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some((after, through)) = moved else {
        return Ok(None);
    };
    let insert = r"
        insert into audit_index
        select position, tenant_id, owner_id, actor_id, metadata ->> 'api_key_id',
               nullif(metadata ->> 'request_id', ''), correlation_id, aggregate_type, aggregate_id,
               sequence, event_type, recorded_at
          from events
         where position > $1
           and position <= $2
            on conflict (position) do nothing";
    sqlx::query(insert)
        .bind(after)
        .bind(through)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Some(through))
}

/// Adds to a missing event what the index still knows of it.
pub(crate) async fn remembered(pool: &PgPool, fault: Fault) -> Result<Fault, sqlx::Error> {
    let Fault::Missing { position, seal, .. } = fault else {
        return Ok(fault);
    };
    let sql = "select aggregate_id, sequence, event_type from audit_index where position = $1";
    let row: Option<(String, i64, String)> = sqlx::query_as(sql)
        .bind(position)
        .fetch_optional(pool)
        .await?;
    let was = row.map(|(stream, sequence, event_type)| Place {
        position,
        stream,
        sequence,
        event_type,
    });
    Ok(Fault::Missing {
        position,
        seal,
        was,
    })
}
