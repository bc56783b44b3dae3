//! Who seals: one node of the deployment, on the database's clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jan_domain::id::NodeId;
use sqlx::{PgConnection, PgPool};

/// A node that would like to seal.
#[derive(Clone)]
pub(crate) struct SealingLease {
    pub(crate) node: NodeId,
    pub(crate) duration: Duration,
}

impl SealingLease {
    /// Takes or renews the lease, and answers the number of the last seal on record; `None` while it is
    /// another's.
    pub(crate) async fn take(&self, pool: &PgPool) -> Result<Option<i64>, sqlx::Error> {
        let sql = r"
            insert into event_sealer as mine (lease_owner, lease_until, last_number)
            values ($1, clock_timestamp() + make_interval(secs => $2),
                    coalesce((select max(number) from event_seals), 0))
            on conflict (only_row) do update
               set lease_owner = excluded.lease_owner,
                   lease_until = excluded.lease_until
             where mine.lease_owner = excluded.lease_owner
                or mine.lease_until < clock_timestamp()
            returning last_number";
        sqlx::query_scalar(sql)
            .bind(self.node.as_str())
            .bind(self.duration.as_secs_f64())
            .fetch_optional(pool)
            .await
    }

    /// Writes down that the seal `number` is being made, and answers the time; `None` if the lease is
    /// another's by now or the seal is not the next one.
    pub(crate) async fn advance(
        &self,
        connection: &mut PgConnection,
        number: i64,
    ) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        let sql = r"
            update event_sealer
               set last_number = $2,
                   lease_until = clock_timestamp() + make_interval(secs => $3)
             where lease_owner = $1
               and last_number = $2 - 1
            returning clock_timestamp()";
        sqlx::query_scalar(sql)
            .bind(self.node.as_str())
            .bind(number)
            .bind(self.duration.as_secs_f64())
            .fetch_optional(connection)
            .await
    }

    /// Lets whoever comes first go on.
    pub(crate) async fn release(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let sql = r"
            update event_sealer
               set lease_until = '-infinity'
             where lease_owner = $1";
        sqlx::query(sql)
            .bind(self.node.as_str())
            .execute(pool)
            .await?;
        Ok(())
    }
}
