//! A build from its first row to the moment it is live, by whoever holds its lease: whatever has
//! been done before a death is not done again.

use std::sync::Arc;

use futures::TryFutureExt;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::builder::Builder;
use super::compare::{Comparison, compare};
use super::error::RebuildError;
use super::follow::follow;
use super::indexes::make_indexes;
use super::load::{load, unfinished};
use super::pace::Pace;
use super::plan::{SHARDS_MAX, count_all};
use super::progress::Phase;
use super::prove::prove;
use super::site::Site;
use super::switch::{Attempt, switch};
use crate::feed::Gate;
use crate::generation::{Status, drop_generation, empty_generation, has_live_shape};
use crate::lease::{Claim, Lease, LeaseError};
use crate::parking::chain;
use crate::projection::{Course, Definition};

/// Positions between two looks at the log that are near enough.
const NEAR: i64 = 500;

/// What became of a build.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Built {
    /// It is live.
    Switched,
    /// It was held against the live one and dropped.
    Compared(Comparison),
    /// Another process is at it.
    Elsewhere,
}

struct Build {
    site: Arc<Site>,
    pace: Arc<Pace>,
    lease: Lease,
    phase: Phase,
    target: i64,
    replaces: bool,
}

impl Builder {
    /// Carries a build to its end, unless another process does.
    pub(crate) async fn carry(
        &self,
        definition: Definition,
        generation: i32,
    ) -> Result<Built, RebuildError> {
        let claim = Claim {
            name: definition.name,
            version: definition.version,
            status: Status::Building,
            generation: Some(generation),
            node: self.node.clone(),
            duration: self.lease,
        };
        let Some(lease) = claim.acquire(&self.pool).await? else {
            return Ok(Built::Elsewhere);
        };
        let keeping = keep(self.pool.clone(), lease.clone());
        let building = self.open(definition, lease.clone()).and_then(Build::run);
        let ended = tokio::select! {
            built = building => built,
            error = keeping => Err(error.into()),
        };
        if let Err(error) = &ended {
            self.give_up(&lease, error).await?;
        }
        ended
    }

    async fn open(&self, definition: Definition, lease: Lease) -> Result<Build, RebuildError> {
        let sql = r"
            select phase, target, replaces
              from projections
             where name = $1
               and generation = $2";
        let (phase, target, replaces): (String, i64, bool) = sqlx::query_as(sql)
            .bind(definition.name)
            .bind(lease.generation())
            .fetch_one(&self.pool)
            .await?;
        let connections_max = u32::try_from(SHARDS_MAX).expect("there are few");
        let place = (lease.generation(), connections_max);
        let site = Site::enter(self, definition, place).await?;
        let same = has_live_shape(&mut *self.pool.acquire().await?, &definition, place.0).await?;
        if !same {
            return Err(RebuildError::Outgrown);
        }
        Ok(Build {
            site: Arc::new(site),
            pace: Arc::new(Pace::new(self.pool.clone(), self.full_speed)),
            lease,
            phase: Phase::named(&phase).unwrap_or(Phase::Loading),
            target,
            replaces,
        })
    }

    /// Leaves a build as its error demands: to be gone on with, shown as failed, or forgotten.
    async fn give_up(&self, lease: &Lease, error: &RebuildError) -> Result<(), RebuildError> {
        let (name, generation) = (lease.name(), lease.generation());
        if matches!(error, RebuildError::Taken) {
            return Ok(());
        }
        if error.may_pass() {
            // When the database is away, nothing can be left behind, and the lease runs out.
            let _ = lease.note(&self.pool, &chain(error)).await;
            let _ = lease.release(&self.pool).await;
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        let sql = r"
            update projections
               set status = 'failed',
                   last_error = $3,
                   lease_owner = null,
                   lease_until = null,
                   updated_at = clock_timestamp()
             where name = $1
               and generation = $2
               and replaces";
        let shown = sqlx::query(sql)
            .bind(name)
            .bind(generation)
            .bind(chain(error))
            .execute(&mut *transaction)
            .await?;
        let begin_again = matches!(error, RebuildError::Outgrown);
        if begin_again || shown.rows_affected() == 0 {
            drop_generation(&mut transaction, name, generation).await?;
        } else {
            empty_generation(&mut transaction, name, generation).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Renews a lease until it is lost.
async fn keep(pool: PgPool, lease: Lease) -> LeaseError {
    loop {
        sleep(lease.renewal()).await;
        match lease.renew(&pool).await {
            Err(LeaseError::Lost) => return LeaseError::Lost,
            // An outage of the database is the builder's to notice.
            Ok(()) | Err(LeaseError::Database(_)) => {}
        }
    }
}

impl Build {
    async fn run(mut self) -> Result<Built, RebuildError> {
        let ended = self.walk().await;
        self.site.own.close().await;
        ended
    }

    async fn walk(&mut self) -> Result<Built, RebuildError> {
        let site = Arc::clone(&self.site);
        if self.phase == Phase::Loading {
            self.load().await?;
        }
        if self.phase == Phase::Indexing {
            make_indexes(&site).await?;
            self.loaded().await?;
        }
        if !self.replaces {
            self.enter(Phase::Verifying).await?;
            let comparison = compare(&site, &mut self.lease).await?;
            let mut connection = site.pool.acquire().await?;
            drop_generation(&mut connection, site.definition.name, site.generation).await?;
            return Ok(Built::Compared(comparison));
        }
        let mut gate = Gate::new(site.pool.clone());
        self.catch_up(&mut gate, true).await?;
        if self.phase != Phase::Switching {
            self.enter(Phase::Verifying).await?;
            prove(&site, self.lease.position()).await?;
            self.enter(Phase::Switching).await?;
        }
        loop {
            self.catch_up(&mut gate, false).await?;
            if switch(&site).await? == Attempt::Done {
                return Ok(Built::Switched);
            }
        }
    }

    async fn load(&mut self) -> Result<(), RebuildError> {
        let site = &self.site;
        let streams = match site.definition.course {
            Course::Copied(streams) => streams,
            Course::Written(streams) => {
                make_indexes(site).await?;
                streams
            }
            Course::InOrder => {
                make_indexes(site).await?;
                return self.enter(Phase::CatchingUp).await;
            }
        };
        let mut loading = JoinSet::new();
        for shard in unfinished(site).await? {
            let (site, pace) = (Arc::clone(site), Arc::clone(&self.pace));
            let part = (shard, self.target);
            loading.spawn(async move { load((&site, &pace), streams, part).await });
        }
        while let Some(loaded) = loading.join_next().await {
            loaded.expect("loading does not panic")?;
        }
        self.enter(Phase::Indexing).await
    }

    /// Everything up to the target is in: from here on the log is followed.
    async fn loaded(&mut self) -> Result<(), RebuildError> {
        let mut connection = self.site.own.acquire().await?;
        let events = count_all(&mut connection, self.target).await?;
        self.lease
            .advance(&mut connection, self.target, events)
            .await?;
        drop(connection);
        self.lease.committed(self.target);
        self.enter(Phase::CatchingUp).await
    }

    /// Follows the log until its end is near, or comes no nearer: who writes faster than is folded here
    /// cannot be caught up with, and whether the live generation can is for the switch to say. A
    /// `gentle` one makes way for writers as long as that costs it nothing but time.
    async fn catch_up(&mut self, gate: &mut Gate, mut gentle: bool) -> Result<(), RebuildError> {
        let mut last = i64::MAX;
        loop {
            let settled = gate.settle().await?;
            let distance = settled - self.lease.position();
            let nearer = distance <= last / 2;
            let pace = (gentle && nearer).then_some(&*self.pace);
            follow((&self.site, pace), &mut self.lease, settled).await?;
            if distance < NEAR || !(gentle || nearer) {
                return Ok(());
            }
            gentle &= nearer;
            last = distance;
        }
    }

    async fn enter(&mut self, phase: Phase) -> Result<(), RebuildError> {
        let sql = r"
            update projections
               set phase = $4,
                   updated_at = clock_timestamp()
             where name = $1
               and generation = $2
               and lease_epoch = $3";
        let entered = sqlx::query(sql)
            .bind(self.lease.name())
            .bind(self.lease.generation())
            .bind(self.lease.epoch())
            .bind(phase.as_str())
            .execute(&self.site.pool)
            .await?;
        if entered.rows_affected() == 0 {
            return Err(RebuildError::Taken);
        }
        self.phase = phase;
        Ok(())
    }
}
