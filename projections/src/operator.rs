//! What an operator does with read models, behind the command line and the admin API alike. It sees
//! every tenant: whoever calls it has been asked who they are.

use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use jan_domain::id::NodeId;
use jan_domain::ports::Keyring;
use sqlx::PgPool;
use tokio::time::sleep;

use crate::barrier::ReadModel;
use crate::error::ReadError;
use crate::generation::{Status, drop_generation};
use crate::lease::LEASE;
use crate::metrics::Metrics;
use crate::parked::{self, Parked, Retried, Selection};
use crate::rebuild::{self, Builder, Built, Comparison, Progress, RebuildError, Wish};
use crate::status::{ProjectionStatus, list_projections};

/// Pause between two looks at a build that another process carries.
const LOOK: Duration = Duration::from_millis(500);

/// The operator's hands. Cheap to clone.
#[derive(Clone)]
pub struct ProjectionOperator {
    builder: Builder,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// It is live.
    Live,
    /// It was not made, or is gone.
    Failed {
        /// Why.
        reason: String,
    },
}

impl ProjectionOperator {
    /// Works as this process, and reads as far as these keys open.
    pub fn new(pool: PgPool, keyring: Arc<dyn Keyring>, node: NodeId) -> Self {
        Self {
            builder: Builder {
                full_speed: false,
                pool,
                node,
                lease: LEASE,
                keyring,
                metrics: Metrics::new(),
            },
        }
    }

    /// Builds at full speed, also while others write: their writing becomes slower.
    #[must_use]
    pub fn at_full_speed(mut self) -> Self {
        self.builder.full_speed = true;
        self
    }

    fn pool(&self) -> &PgPool {
        &self.builder.pool
    }

    fn access(&self) -> (&PgPool, &dyn Keyring) {
        (&self.builder.pool, self.builder.keyring.as_ref())
    }

    /// Every generation of every read model.
    pub async fn list(&self) -> Result<Vec<ProjectionStatus>, ReadError> {
        list_projections(self.pool()).await
    }

    /// Begins a build for whichever process projects, or finds the one that goes on. Gives its
    /// generation.
    pub async fn begin(
        &self,
        model: ReadModel,
        shards: Option<usize>,
    ) -> Result<i32, RebuildError> {
        let wish = Wish {
            replaces: true,
            shards,
            owner: None,
        };
        rebuild::begin(self.pool(), &model.definition(), wish).await
    }

    /// Begins a build, or finds the one that goes on, to be carried by this process: see
    /// [`carry`](Self::carry).
    pub async fn begin_here(
        &self,
        model: ReadModel,
        shards: Option<usize>,
    ) -> Result<i32, RebuildError> {
        let wish = Wish {
            replaces: true,
            shards,
            owner: Some((self.builder.node.clone(), self.builder.lease)),
        };
        rebuild::begin(self.pool(), &model.definition(), wish).await
    }

    /// Carries a build to its end, here, or waits while another process does.
    pub async fn carry(&self, model: ReadModel, generation: i32) -> Result<Rebuilt, RebuildError> {
        loop {
            match self.builder.carry(model.definition(), generation).await {
                Ok(Built::Switched) => return Ok(Rebuilt::Live),
                Ok(Built::Compared(_) | Built::Elsewhere) | Err(RebuildError::Taken) => {}
                Err(error) => return Err(error),
            }
            match self.status_of(model, generation).await? {
                Some((Status::Building, _)) => sleep(LOOK).await,
                Some((Status::Live | Status::Standby, _)) => return Ok(Rebuilt::Live),
                Some((Status::Failed, reason)) => return Ok(Rebuilt::Failed { reason }),
                None => {
                    let reason = "it was let go of".to_owned();
                    return Ok(Rebuilt::Failed { reason });
                }
            }
        }
    }

    async fn status_of(
        &self,
        model: ReadModel,
        generation: i32,
    ) -> Result<Option<(Status, String)>, RebuildError> {
        let all = self.list().await?;
        let found = all
            .into_iter()
            .find(|status| status.name == model.name() && status.generation == generation);
        Ok(found.map(|found| (found.status, found.last_error.unwrap_or_default())))
    }

    /// The newest build of a read model, going on or over; none if it never was built.
    pub async fn progress(&self, model: ReadModel) -> Result<Option<Progress>, ReadError> {
        rebuild::progress(self.pool(), model.name()).await
    }

    /// How a build goes on, until it is over, wherever it is carried.
    pub fn watch(
        &self,
        model: ReadModel,
        generation: i32,
    ) -> impl Stream<Item = Result<Progress, ReadError>> + Send + use<> {
        rebuild::watch(self.pool().clone(), model.name(), generation)
    }

    /// Holds the live rows against a fresh fold of the same history. Changes nothing.
    pub async fn verify(
        &self,
        model: ReadModel,
        shards: Option<usize>,
    ) -> Result<Comparison, RebuildError> {
        let name = model.name();
        let wish = Wish {
            replaces: false,
            shards,
            owner: Some((self.builder.node.clone(), self.builder.lease)),
        };
        let generation = rebuild::begin(self.pool(), &model.definition(), wish).await?;
        match self.builder.carry(model.definition(), generation).await? {
            Built::Compared(comparison) => Ok(comparison),
            Built::Switched | Built::Elsewhere => Err(RebuildError::Busy { name }),
        }
    }

    /// Makes the rows of one stream anew where they are, and answers how many events it has.
    pub async fn rebuild_stream(&self, model: ReadModel, id: &str) -> Result<usize, RebuildError> {
        rebuild::rebuild_stream(self.access(), &model.definition(), id).await
    }

    /// Lets the generation that was live before and the one that is change places.
    pub async fn roll_back(&self, model: ReadModel) -> Result<(), RebuildError> {
        rebuild::turn_back(&self.builder, model.definition()).await
    }

    /// Lets go of everything but the live generation: what stands by, a build, and what failed.
    /// Answers how many there were.
    pub async fn retire(&self, model: ReadModel) -> Result<usize, RebuildError> {
        let name = model.name();
        let mut transaction = self.pool().begin().await?;
        let sql = r"
            select generation
              from projections
             where name = $1
               and status <> 'live'
               for update";
        let generations: Vec<i32> = sqlx::query_scalar(sql)
            .bind(name)
            .fetch_all(&mut *transaction)
            .await?;
        for generation in &generations {
            drop_generation(&mut transaction, name, *generation).await?;
        }
        transaction.commit().await?;
        if generations.is_empty() {
            return Err(RebuildError::NoStandby { name });
        }
        Ok(generations.len())
    }

    /// What the live generation has set aside.
    pub async fn parked(&self, model: ReadModel) -> Result<Vec<Parked>, ReadError> {
        parked::list(self.pool(), model.name()).await
    }

    /// Folds what was set aside once more.
    pub async fn retry(
        &self,
        model: ReadModel,
        selection: &Selection,
    ) -> Result<Vec<Retried>, RebuildError> {
        parked::retry(self.access(), &model.definition(), selection).await
    }

    /// The stream of the event at a position, for whoever puts on record that it is skipped. Then
    /// [`retry`](Self::retry) lets the rest of its stream in.
    pub async fn stream_at(&self, position: i64) -> Result<String, RebuildError> {
        let found = parked::stream_at(self.pool(), position).await?;
        found.ok_or(RebuildError::NoEvent { position })
    }
}
