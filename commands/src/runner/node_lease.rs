use std::time::Duration;

use jan_domain::id::NodeId;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// A process showing that it lives. Its id is never used again, so a missing row means it is dead.
#[derive(Debug, Clone)]
pub struct NodeLease {
    pool: PgPool,
    node: NodeId,
    length: Duration,
}

impl NodeLease {
    /// Shows the first sign of life. A process is believed to live for `length` after its last sign,
    /// on the database's clock.
    pub async fn take(pool: PgPool, node: NodeId, length: Duration) -> Result<Self, sqlx::Error> {
        let lease = Self { pool, node, length };
        sqlx::query(
            r"
            insert into nodes (node_id, expires_at)
            values ($1, clock_timestamp() + make_interval(secs => $2))",
        )
        .bind(lease.node.as_str())
        .bind(lease.length.as_secs_f64())
        .execute(&lease.pool)
        .await?;
        Ok(lease)
    }

    /// Shows signs of life, one every third of the lease, until told to stop; then gives the lease
    /// back. A database that is away is no death: the next sign is tried sooner.
    pub async fn keep(self, stop: CancellationToken) {
        let third = self.length / 3;
        let mut pause = third;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = match self.renew().await {
                Ok(()) => third,
                Err(error) => {
                    tracing::warn!(error = %error, "the node lease could not be renewed");
                    Duration::from_millis(500)
                }
            };
        }
        if let Err(error) = self.give_back().await {
            tracing::warn!(error = %error, "the node lease could not be given back; it will expire");
        }
    }

    async fn renew(&self) -> Result<(), sqlx::Error> {
        sqlx::query(
            r"
            insert into nodes (node_id, expires_at)
            values ($1, clock_timestamp() + make_interval(secs => $2))
                on conflict (node_id) do update
               set expires_at = excluded.expires_at",
        )
        .bind(self.node.as_str())
        .bind(self.length.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn give_back(&self) -> Result<(), sqlx::Error> {
        sqlx::query("delete from nodes where node_id = $1")
            .bind(self.node.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The processes that live, after burying those that do not.
pub(crate) async fn living(pool: &PgPool) -> Result<Vec<NodeId>, sqlx::Error> {
    sqlx::query("delete from nodes where expires_at < clock_timestamp() - interval '1 hour'")
        .execute(pool)
        .await?;
    let rows: Vec<String> =
        sqlx::query_scalar("select node_id from nodes where expires_at > clock_timestamp()")
            .fetch_all(pool)
            .await?;
    Ok(rows
        .iter()
        .filter_map(|id| NodeId::parse(id).ok())
        .collect())
}
