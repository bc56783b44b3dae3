use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use jan_domain::Owner;
use jan_domain::id::{AccountId, NodeId, TenantId};
use jan_domain::metadata::Metadata;
use jan_domain::ports::NoKeys;
use jan_projections::{
    Consistency, Freshness, Projections, ReadModel, ReadModels, RunningProjections, Tuning,
};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An account of the default tenant.
pub(super) fn owner(name: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(&format!("user_{name}")).unwrap(),
    }
}

/// So many minutes after the beginning of time.
pub(super) fn minute(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(number)
}

/// Writes one event, as the event store would, and answers its position.
pub(super) async fn append<A: Aggregate>(
    connection: &mut PgConnection,
    id: &str,
    sequence: i64,
    event: &A::Event,
) -> i64 {
    let payload = serde_json::to_string(event).unwrap();
    let (kind, version) = (event.event_type(), event.event_version());
    append_raw(
        connection,
        (A::TYPE, id, sequence),
        (&kind, &version),
        &payload,
    )
    .await
}

/// Writes whatever it is told to.
pub(super) async fn append_raw(
    connection: &mut PgConnection,
    (aggregate_type, id, sequence): (&str, &str, i64),
    (event_type, event_version): (&str, &str),
    payload: &str,
) -> i64 {
    let metadata = serde_json::to_string(&Metadata::of_system(&owner("ann"), "test")).unwrap();
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata)
        values ($1, $2, $3, $4, $5, $6::json, $7::json)
        returning position";
    sqlx::query_scalar(sql)
        .bind(aggregate_type)
        .bind(id)
        .bind(sequence)
        .bind(event_type)
        .bind(event_version)
        .bind(payload)
        .bind(metadata)
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Folds everything on record, and gives the readers of it.
pub(super) async fn folded(pool: &PgPool) -> ReadModels {
    let node = Node::start(pool, "one");
    node.settle().await;
    let reads = node.running.read_models();
    node.stop().await;
    reads
}

/// Waits until a strong read of `model` would be fresh. One that is stale says so, and is no miss.
pub(super) async fn fresh(reads: &ReadModels, model: ReadModel) {
    let until = Instant::now() + Duration::from_secs(20);
    let reach = || reads.barrier.reach(model, Consistency::Strong);
    while reach().await.unwrap() != Freshness::Fresh {
        assert!(Instant::now() < until, "{model:?} does not follow");
    }
}

/// The projections of one node, until they are stopped.
pub(super) struct Node {
    pub(super) running: RunningProjections,
    pub(super) appended: Arc<Notify>,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Node {
    pub(super) fn start(pool: &PgPool, name: &str) -> Self {
        Self::tuned(pool, name, Tuning::default())
    }

    pub(super) fn tuned(pool: &PgPool, name: &str, tuning: Tuning) -> Self {
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let appended = Arc::new(Notify::new());
        let projections = Projections {
            pool: pool.clone(),
            keyring: Arc::new(NoKeys),
            appended: Arc::clone(&appended),
            node: NodeId::parse(&format!("node_{name}")).unwrap(),
            tuning,
        };
        Self {
            running: projections.spawn(&tracker, &cancel),
            appended,
            tracker,
            cancel,
        }
    }

    /// Waits until every read model has everything, however slow this machine is.
    pub(super) async fn settle(&self) {
        let reads = self.running.read_models();
        for model in ReadModel::ALL {
            fresh(&reads, model).await;
        }
    }

    /// A clean shutdown.
    pub(super) async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        let stopped = tokio::time::timeout(Duration::from_secs(5), self.tracker.wait()).await;
        stopped.expect("projections stop when they are told to");
    }
}
