//! Looking after the generations of read models, on every node that projects: a fold that has
//! changed is built anew, a build whose process died is gone on with, and what stands by is kept up
//! to date.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::barrier::ReadModel;
use crate::feed::Feed;
use crate::generation::{Status, drop_generation, has_live_shape, pool_in, schema_of};
use crate::lease::Claim;
use crate::parking::chain;
use crate::projection::Definition;
use crate::projector::Projector;
use crate::rebuild::{Builder, Built, RebuildError, Wish, begin};

/// Pause between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Connections of a generation that stands by.
const CONNECTIONS_MAX: u32 = 2;

pub(crate) struct Caretaker {
    pub(crate) builder: Builder,
    pub(crate) feed: Arc<Feed>,
    pub(crate) tracker: TaskTracker,
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    generation: i32,
    status: String,
    version: i32,
    replaces: bool,
    leased: bool,
}

impl Row {
    fn is(&self, status: Status) -> bool {
        self.status == status.as_str()
    }
}

/// What this node is at.
#[derive(Default)]
struct Work {
    /// At most one: a build takes what the machine has.
    builds: JoinSet<()>,
    /// Projectors of what stands by, by read model.
    standbys: HashMap<&'static str, (i32, CancellationToken)>,
}

impl Caretaker {
    /// Looks until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let mut work = Work::default();
        let mut reachable = true;
        while !cancel.is_cancelled() {
            let looked = self.look(&mut work, &cancel).await;
            if let Err(error) = &looked
                && reachable
            {
                tracing::error!(error = %chain(error), "the read models cannot be looked after");
            }
            reachable = looked.is_ok();
            cancel.run_until_cancelled(sleep(LOOK)).await;
        }
        work.builds.shutdown().await;
        if let Err(error) = self.leave().await {
            tracing::warn!(error = %error, "a build's lease could not be given back and will run out");
        }
    }

    async fn look(&self, work: &mut Work, cancel: &CancellationToken) -> Result<(), RebuildError> {
        let rows = rows(&self.builder.pool).await?;
        while work.builds.try_join_next().is_some() {}
        for model in ReadModel::ALL {
            let definition = model.definition();
            let rows: Vec<&Row> = rows
                .iter()
                .filter(|row| row.name == definition.name)
                .collect();
            self.keep_standby(work, (&definition, &rows), cancel)
                .await?;
            if work.builds.is_empty() {
                self.build(work, &definition, &rows).await?;
            }
        }
        Ok(())
    }

    /// Goes on with a build that nobody carries, or begins one if the fold has changed.
    async fn build(
        &self,
        work: &mut Work,
        definition: &Definition,
        rows: &[&Row],
    ) -> Result<(), RebuildError> {
        let left = rows
            .iter()
            .find(|row| row.is(Status::Building) && !row.leased);
        let generation = match left {
            Some(row) if !row.replaces || row.version < definition.version => {
                // Nobody waits for it any more.
                let mut connection = self.builder.pool.acquire().await?;
                drop_generation(&mut connection, definition.name, row.generation).await?;
                return Ok(());
            }
            Some(row) if row.version == definition.version => row.generation,
            Some(_) => return Ok(()),
            None if is_outdated(definition, rows) => {
                let wish = Wish {
                    replaces: true,
                    shards: None,
                    owner: Some((self.builder.node.clone(), self.builder.lease)),
                };
                begin(&self.builder.pool, definition, wish).await?
            }
            None => return Ok(()),
        };
        let (builder, definition) = (self.builder.clone(), *definition);
        work.builds.spawn(async move {
            tracing::info!(
                projection.name = definition.name,
                projection.generation = generation,
                "building a projection"
            );
            report(&definition, builder.carry(definition, generation).await);
        });
        Ok(())
    }

    /// Sees to it that what stands by, and nothing else, is followed.
    async fn keep_standby(
        &self,
        work: &mut Work,
        (definition, rows): (&Definition, &[&Row]),
        cancel: &CancellationToken,
    ) -> Result<(), RebuildError> {
        let standby = rows.iter().find(|row| row.is(Status::Standby));
        let wanted = standby.map(|row| row.generation);
        let followed = work.standbys.get(definition.name);
        if followed.map(|(generation, _)| *generation) == wanted {
            return Ok(());
        }
        if let Some((_, stop)) = work.standbys.remove(definition.name) {
            stop.cancel();
        }
        let Some(generation) = wanted else {
            return Ok(());
        };
        let mut connection = self.builder.pool.acquire().await?;
        if !has_live_shape(&mut connection, definition, generation).await? {
            tracing::warn!(
                projection.name = definition.name,
                "a migration has changed the tables: what stood by is let go of"
            );
            return Ok(drop_generation(&mut connection, definition.name, generation).await?);
        }
        let stop = cancel.child_token();
        self.follow(definition, generation, stop.clone());
        work.standbys.insert(definition.name, (generation, stop));
        Ok(())
    }

    fn follow(&self, definition: &Definition, generation: i32, stop: CancellationToken) {
        let schema = schema_of(definition.name, generation);
        let pool = pool_in(&schema, &self.builder.pool, CONNECTIONS_MAX);
        let projector = Projector {
            pool: pool.clone(),
            feed: Arc::clone(&self.feed),
            definition: *definition,
            claim: Claim {
                name: definition.name,
                version: definition.version,
                status: Status::Standby,
                generation: Some(generation),
                node: self.builder.node.clone(),
                duration: self.builder.lease,
            },
            position: watch::channel(None).0,
            metrics: self.builder.metrics.clone(),
        };
        self.tracker.spawn(async move {
            projector.run(stop).await;
            pool.close().await;
        });
    }

    /// Lets others go on with what was being built here.
    async fn leave(&self) -> Result<(), sqlx::Error> {
        let sql = r"
            update projections
               set lease_owner = null,
                   lease_until = null
             where status = 'building'
               and lease_owner = $1";
        sqlx::query(sql)
            .bind(self.builder.node.as_str())
            .execute(&self.builder.pool)
            .await?;
        Ok(())
    }
}

async fn rows(pool: &PgPool) -> Result<Vec<Row>, sqlx::Error> {
    let sql = r"
        select name, generation, status, version, replaces,
               coalesce(lease_until > clock_timestamp(), false) as leased
          from projections
         order by name, generation";
    sqlx::query_as(sql).fetch_all(pool).await
}

/// Whether the live rows were made by an older fold, and nobody has seen to that: a newer
/// generation that stands by means that an operator went back on purpose, one that failed that it
/// will fail again.
fn is_outdated(definition: &Definition, rows: &[&Row]) -> bool {
    let is_live = rows.iter().any(|row| row.is(Status::Live));
    is_live && rows.iter().all(|row| row.version < definition.version)
}

fn report(definition: &Definition, built: Result<Built, RebuildError>) {
    match built {
        Ok(Built::Switched) => {
            tracing::info!(
                projection.name = definition.name,
                "a projection was built and is live"
            );
        }
        Ok(Built::Compared(_) | Built::Elsewhere) | Err(RebuildError::Taken) => {}
        Err(error) => tracing::error!(projection.name = definition.name, error = %chain(&error),
            "a projection could not be built"),
    }
}
