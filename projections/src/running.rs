//! Starting the gate and the projectors of one node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jan_domain::id::NodeId;
use jan_domain::ports::Keyring;
use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ReadModels;
use crate::barrier::{Barrier, LocalPositions, ReadModel};
use crate::caretaker::Caretaker;
use crate::feed::{self, Bells, Feed, PAGE_EVENTS_MAX};
use crate::generation::Status;
use crate::lease::{Claim, LEASE};
use crate::metrics::Metrics;
use crate::projector::Projector;
use crate::rebuild::Builder;

/// Time between two rounds of a busy feed in which nobody waits for a write of its own: few
/// transactions with many events each.
const PACE: Duration = Duration::from_millis(50);

/// What a node needs to project.
pub struct Projections {
    /// The database of the event log and of the read models.
    pub pool: PgPool,
    /// What opens sealed events.
    pub keyring: Arc<dyn Keyring>,
    /// Rung (`notify_one`) by this process's event store after each append.
    pub appended: Arc<Notify>,
    /// This process.
    pub node: NodeId,
    /// The rhythm.
    pub tuning: Tuning,
}

/// The rhythm of projecting. The default is what production runs with.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Most events of one page.
    pub page_events_max: u32,
    /// Time between two rounds of a busy feed.
    pub pace: Duration,
    /// How long a silent node keeps its projections.
    pub lease: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            page_events_max: PAGE_EVENTS_MAX,
            pace: PACE,
            lease: LEASE,
        }
    }
}

/// The projections of this node, at work until they are cancelled.
#[derive(Clone)]
pub struct RunningProjections {
    reads: ReadModels,
}

impl RunningProjections {
    /// The readers, whose barrier knows what runs here.
    pub fn read_models(&self) -> ReadModels {
        self.reads.clone()
    }
}

impl Projections {
    /// Starts the gate and one projector per read model. They stop, and give their leases back,
    /// when `cancel` says so; `tracker` knows when they have.
    pub fn spawn(self, tracker: &TaskTracker, cancel: &CancellationToken) -> RunningProjections {
        let hurry = Arc::new(Notify::new());
        let metrics = Metrics::new();
        let (settle, settled) = watch::channel(0);
        let feed = Feed::new(
            self.pool.clone(),
            Arc::clone(&self.keyring),
            settled,
            self.tuning.page_events_max,
        );
        let mut node = Node {
            feed: Arc::new(feed),
            parts: &self,
            metrics: metrics.clone(),
            local: HashMap::new(),
            tasks: (tracker, cancel),
        };
        for model in ReadModel::ALL {
            node.start(model);
        }
        let caretaker = Caretaker {
            builder: Builder {
                full_speed: false,
                pool: self.pool.clone(),
                node: self.node.clone(),
                lease: self.tuning.lease,
                keyring: Arc::clone(&self.keyring),
                metrics: metrics.clone(),
            },
            feed: Arc::clone(&node.feed),
            tracker: tracker.clone(),
        };
        tracker.spawn(caretaker.run(cancel.clone()));
        let barrier = Barrier::new(self.pool.clone(), Arc::clone(&hurry), node.local);
        let bells = Bells {
            appended: self.appended,
            hurry,
        };
        tracker.spawn(feed::run(
            self.pool.clone(),
            bells,
            self.tuning.pace,
            (settle, metrics),
            cancel.clone(),
        ));
        RunningProjections {
            reads: ReadModels::behind(barrier, &self.pool),
        }
    }
}

struct Node<'p> {
    parts: &'p Projections,
    feed: Arc<Feed>,
    metrics: Metrics,
    local: LocalPositions,
    tasks: (&'p TaskTracker, &'p CancellationToken),
}

impl Node<'_> {
    fn start(&mut self, model: ReadModel) {
        let definition = model.definition();
        let (position, positions) = watch::channel(None);
        self.local.insert(model, positions);
        let projector = Projector {
            pool: self.parts.pool.clone(),
            feed: Arc::clone(&self.feed),
            definition,
            claim: Claim {
                name: definition.name,
                version: definition.version,
                status: Status::Live,
                generation: None,
                node: self.parts.node.clone(),
                duration: self.parts.tuning.lease,
            },
            position,
            metrics: self.metrics.clone(),
        };
        let (tracker, cancel) = self.tasks;
        tracker.spawn(projector.run(cancel.clone()));
    }
}
