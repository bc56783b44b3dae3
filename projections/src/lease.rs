//! Who projects: one node per generation of a read model, on the database's clock.

use std::time::Duration;

use jan_domain::id::NodeId;
use sqlx::{PgConnection, PgPool};

use crate::generation::Status;

/// How long a lease lasts unless it is renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// A generation that a node would like to work on.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) name: &'static str,
    /// The fold of this program. What a newer one has made is not ours to touch.
    pub(crate) version: i32,
    pub(crate) status: Status,
    /// Which one; whichever has the status where there can be only one.
    pub(crate) generation: Option<i32>,
    pub(crate) node: NodeId,
    pub(crate) duration: Duration,
}

/// A generation that is ours until the lease runs out. The epoch tells our lease from any earlier
/// or later one: a node that slept through its lease can change nothing.
#[derive(Clone)]
pub(crate) struct Lease {
    claim: Claim,
    generation: i32,
    epoch: i64,
    position: i64,
}

/// Why a checkpoint did not move.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeaseError {
    #[error("the lease is another's")]
    Lost,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Claim {
    /// Takes the lease if it is free, run out, or left over from this very node. What was never
    /// filled (version 0) waits for its first build.
    pub(crate) async fn acquire(&self, pool: &PgPool) -> Result<Option<Lease>, sqlx::Error> {
        let sql = r"
            update projections
               set lease_owner = $5,
                   lease_epoch = lease_epoch + 1,
                   lease_until = clock_timestamp() + make_interval(secs => $6)
             where name = $1
               and status = $2
               and generation = coalesce($3, generation)
               and version <> 0
               and version <= $4
               and (lease_owner is null
                    or lease_owner = $5
                    or lease_until < clock_timestamp())
            returning generation, lease_epoch, position";
        let row: Option<(i32, i64, i64)> = sqlx::query_as(sql)
            .bind(self.name)
            .bind(self.status.as_str())
            .bind(self.generation)
            .bind(self.version)
            .bind(self.node.as_str())
            .bind(self.duration.as_secs_f64())
            .fetch_optional(pool)
            .await?;
        Ok(row.map(|(generation, epoch, position)| Lease {
            claim: self.clone(),
            generation,
            epoch,
            position,
        }))
    }
}

impl Lease {
    /// The read model.
    pub(crate) fn name(&self) -> &'static str {
        self.claim.name
    }

    /// Which of its lives.
    pub(crate) fn generation(&self) -> i32 {
        self.generation
    }

    /// Tells this holding from any other.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The last position that is folded in.
    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    /// When to renew: after a third of the lease.
    pub(crate) fn renewal(&self) -> Duration {
        self.claim.duration / 3
    }

    /// Remembers what was committed.
    pub(crate) fn committed(&mut self, position: i64) {
        self.position = position;
    }

    /// Moves the checkpoint and renews the lease, if both are still ours. The first statement of
    /// its transaction, for which it also sets the rules:
    ///
    /// * it may be lost in a crash of the database, because its changes and its checkpoint fall back
    ///   together and are made again;
    /// * its statements are planned once and by index: every one touches a few rows by key, and a
    ///   plan made while the tables were empty must still be right when they are not.
    pub(crate) async fn advance(
        &self,
        connection: &mut PgConnection,
        through: i64,
        events: i64,
    ) -> Result<(), LeaseError> {
        let sql = r"
            with rules as materialized
                   (select set_config('synchronous_commit', 'off', true),
                           set_config('plan_cache_mode', 'force_generic_plan', true),
                           set_config('enable_seqscan', 'off', true),
                           set_config('enable_hashjoin', 'off', true),
                           set_config('enable_mergejoin', 'off', true))
            update projections
               set position = $5,
                   event_count = event_count + $6,
                   lease_until = clock_timestamp() + make_interval(secs => $7),
                   updated_at = clock_timestamp(),
                   last_error = null
              from rules
             where name = $1
               and generation = $2
               and lease_epoch = $3
               and position = $4";
        let moved = sqlx::query(sql)
            .bind(self.claim.name)
            .bind(self.generation)
            .bind(self.epoch)
            .bind(self.position)
            .bind(through)
            .bind(events)
            .bind(self.claim.duration.as_secs_f64())
            .execute(connection)
            .await?;
        held(moved.rows_affected())
    }

    /// Keeps the lease while nothing happens.
    pub(crate) async fn renew(&self, pool: &PgPool) -> Result<(), LeaseError> {
        let sql = r"
            update projections
               set lease_until = clock_timestamp() + make_interval(secs => $4)
             where name = $1
               and generation = $2
               and lease_epoch = $3";
        let renewed = sqlx::query(sql)
            .bind(self.claim.name)
            .bind(self.generation)
            .bind(self.epoch)
            .bind(self.claim.duration.as_secs_f64())
            .execute(pool)
            .await?;
        held(renewed.rows_affected())
    }

    /// Leaves a word for whoever looks at the projection.
    pub(crate) async fn note(&self, pool: &PgPool, error: &str) -> Result<(), sqlx::Error> {
        let sql = r"
            update projections
               set last_error = $3
             where name = $1
               and generation = $2";
        sqlx::query(sql)
            .bind(self.claim.name)
            .bind(self.generation)
            .bind(error)
            .execute(pool)
            .await?;
        Ok(())
    }

    /// Gives the generation to whoever comes first.
    pub(crate) async fn release(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let sql = r"
            update projections
               set lease_owner = null,
                   lease_until = null
             where name = $1
               and generation = $2
               and lease_epoch = $3";
        sqlx::query(sql)
            .bind(self.claim.name)
            .bind(self.generation)
            .bind(self.epoch)
            .execute(pool)
            .await?;
        Ok(())
    }
}

fn held(rows: u64) -> Result<(), LeaseError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(LeaseError::Lost)
    }
}
