//! Random histories as production meets them: one to three nodes fold pages of any size, die and come
//! back, read models are built anew, and appends go on all the while. In the end the live rows, those
//! that are built from nothing, and a naive fold are the same.
//!
//! `JAN_HISTORIES=200 cargo it -- histories` tries more of them. What fails is kept in
//! `tests/proptest-regressions/projections/histories.txt` and tried first from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jan_projections::{ProjectionOperator, ReadModel, ReadModels, Rebuilt, Tuning};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::database::database;
use super::dice::Dice;
use super::equality::{compare, rolls};
use super::log::{Node, append_raw};
use super::rebuild::{operator, rebuild};
use super::world::World;

const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/projections/histories.txt"
);
/// Connections of a node.
const CONNECTIONS: u32 = 6;
/// How long a dead node keeps what it projected.
const LEASE: Duration = Duration::from_millis(300);

#[test]
fn nodes_that_die_and_builds_beside_them_change_nothing() {
    static CASES: AtomicU64 = AtomicU64::new(0);
    let runtime = Runtime::new().unwrap();
    let (pool, _database) = runtime.block_on(database());
    let config = Config {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(KEPT))),
        ..Config::default()
    };
    let pages = prop::collection::vec(1..9_u32, 1..=3);
    let tried = TestRunner::new(config).run(&(rolls(), pages, any::<u64>()), |input| {
        let (rolls, pages, seed) = input;
        let world = World::after(CASES.fetch_add(1, Ordering::Relaxed), &rolls);
        runtime.block_on(async {
            let mut fleet = Fleet::start(&pool, &pages, Dice::new(seed));
            fleet.live_through(&world).await;
            compare(&fleet.settle().await, &world).await?;
            drop(fleet);
            let operator = operator(&pool, "judge");
            for model in ReadModel::ALL {
                let comparison = operator.verify(model, Some(2)).await.unwrap();
                prop_assert!(comparison.is_equal(), "{comparison:#?}");
            }
            Ok(())
        })
    });
    tried.unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to try is the caller's to say"
)]
fn cases() -> u32 {
    let asked = std::env::var("JAN_HISTORIES");
    asked.map_or(8, |number| {
        number.parse().expect("JAN_HISTORIES is a number")
    })
}

/// A node that dies when it is dropped: what runs of it stops where it stands, in the middle of whatever
/// it does.
struct Mortal {
    runtime: Option<Runtime>,
    node: Node,
}

impl Mortal {
    fn start(options: &PgPool, name: &str, page_events_max: u32) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let tuning = Tuning {
            page_events_max,
            lease: LEASE,
            ..Tuning::default()
        };
        let node = {
            let _within = runtime.enter();
            let pool = PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .connect_lazy_with((*options.connect_options()).clone());
            Node::tuned(&pool, name, tuning)
        };
        Self {
            runtime: Some(runtime),
            node,
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The nodes of a deployment.
struct Fleet {
    pool: PgPool,
    pages: Vec<u32>,
    places: Vec<Option<Mortal>>,
    builds: JoinSet<()>,
    dice: Dice,
}

impl Fleet {
    fn start(pool: &PgPool, pages: &[u32], dice: Dice) -> Self {
        let mut fleet = Self {
            pool: pool.clone(),
            pages: pages.to_vec(),
            places: pages.iter().map(|_| None).collect(),
            builds: JoinSet::new(),
            dice,
        };
        for place in 0..pages.len() {
            fleet.give_life(place);
        }
        fleet
    }

    fn give_life(&mut self, place: usize) {
        static LIVES: AtomicU64 = AtomicU64::new(0);
        // A node's id is never used twice.
        let name = format!("mortal{}", LIVES.fetch_add(1, Ordering::Relaxed));
        let mortal = Mortal::start(&self.pool, &name, self.pages[place]);
        self.places[place] = Some(mortal);
    }

    /// Appends the history in random transactions while everything goes on.
    async fn live_through(&mut self, world: &World) {
        let mut rest = world.log.as_slice();
        while !rest.is_empty() {
            let most = usize::try_from(1 + self.dice.roll(6)).unwrap();
            let (now, later) = rest.split_at(most.min(rest.len()));
            let mut transaction = self.pool.begin().await.unwrap();
            for event in now {
                let stream = (event.aggregate_type, event.id.as_str(), event.sequence);
                let kind = (event.event_type.as_str(), "1.0");
                append_raw(&mut transaction, stream, kind, &event.payload).await;
            }
            transaction.commit().await.unwrap();
            for bell in self.bells() {
                bell.notify_one();
            }
            self.meet_fate();
            self.dice.pause(4_000).await;
            rest = later;
        }
    }

    fn bells(&self) -> Vec<Arc<Notify>> {
        let living = self.places.iter().flatten();
        living
            .map(|mortal| Arc::clone(&mortal.node.appended))
            .collect()
    }

    /// Now and then somebody dies, or comes back, or a read model is built anew.
    fn meet_fate(&mut self) {
        let place = usize::try_from(self.dice.roll(self.places.len() as u64)).unwrap();
        match self.dice.roll(12) {
            0 | 1 => match self.places[place].take() {
                Some(mortal) => drop(mortal),
                None => self.give_life(place),
            },
            2 => {
                let model = usize::try_from(self.dice.roll(ReadModel::ALL.len() as u64)).unwrap();
                let shards = usize::try_from(1 + self.dice.roll(3)).unwrap();
                let builder = operator(&self.pool, &format!("builder{}", self.dice.roll(1 << 40)));
                let build = built(builder, ReadModel::ALL[model], shards);
                self.builds.spawn(build);
            }
            _ => {}
        }
    }

    /// Waits until the builds are over and whoever lives has everything, and gives its readers.
    async fn settle(&mut self) -> ReadModels {
        while let Some(built) = self.builds.join_next().await {
            built.unwrap();
        }
        if self.places.iter().all(Option::is_none) {
            self.give_life(0);
        }
        let living = self.places.iter().flatten().next().expect("one lives");
        living.node.settle().await;
        living.node.running.read_models()
    }
}

/// Builds a read model anew. Two builds of one are one.
async fn built(operator: ProjectionOperator, model: ReadModel, shards: usize) {
    let rebuilt = rebuild(&operator, model, Some(shards)).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Live, "{model:?}");
}
