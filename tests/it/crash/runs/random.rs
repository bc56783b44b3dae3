//! Two processes carry runs while either of them is killed or paused, and while Postgres dies or hangs
//! up, at random times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jan_tests::process::{Deployment, ServerProcess};
use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;
use jan_tests::scripted_tools::{Options, ScriptedTools};
use serde_json::json;
use sqlx::PgPool;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::load::{Book, Person};
use super::receiver::{Tally, assert_heard, assert_ledger};
use crate::crash::cluster::Cluster;
use crate::crash::dice::Dice;
use crate::crash::truth::comes_true_within;

/// Faults unless `JAN_RUN_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 20;
/// People who ask at once.
const PEOPLE: u64 = 8;
/// Longest time from one fault to the next.
const PEACE_MS: u64 = 1500;
/// Everything is looked at while all are quiet after so many faults, and at the end.
const LOOK_EVERY: u64 = 20;
/// How often Postgres is killed as a whole.
const WHOLE_DEATHS: u64 = 3;
/// How long the living may take to bring every run to its end.
const REST_WITHIN: Duration = Duration::from_mins(1);

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration; this is theirs"
)]
fn rounds() -> u64 {
    let told = std::env::var("JAN_RUN_CRASH_ROUNDS").ok();
    told.map_or(ROUNDS, |told| told.parse().expect("a number of rounds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_run_ends_once_and_no_call_is_made_twice_whatever_dies_or_sleeps() {
    let mut scene = Scene::set().await;
    let begun = Instant::now();
    let rounds = rounds();
    let mut dice = Dice::new(2027);
    for round in 1..=rounds {
        sleep(Duration::from_millis(dice.roll(PEACE_MS))).await;
        scene.fault(&mut dice).await;
        if round % LOOK_EVERY == 0 || round == rounds {
            scene.look_at_everything().await;
            scene.tell(round, begun.elapsed());
        }
    }
    scene.end().await;
}

/// What was done to them.
#[derive(Debug, Default)]
struct Faults {
    kills: u64,
    pauses: u64,
    databases: u64,
    hang_ups: u64,
}

struct Scene {
    cluster: Cluster,
    pool: PgPool,
    deployment: Deployment,
    nodes: Vec<Option<ServerProcess>>,
    ports: Vec<u16>,
    remotes: Vec<Remote>,
    tools: ScriptedTools,
    book: Arc<Book>,
    quiet: Arc<RwLock<()>>,
    until: CancellationToken,
    people: JoinSet<()>,
    faults: Faults,
    looked_at: usize,
    heard_alike: AtomicU64,
    ledger: Tally,
    _model: ScriptedModel,
}

impl Scene {
    async fn set() -> Self {
        let cluster = Cluster::start().await;
        let model = ScriptedModel::start().await;
        let deployment = Deployment::new(&cluster.options(), &model.base_url()).unsealed();
        let tools = ScriptedTools::start_with(Options {
            ledger: Some(deployment.directory().join("ledger")),
            ..Options::default()
        });
        let nodes = [deployment.start().await, deployment.start().await];
        let guest = nodes[0].remote().guest().await;
        let mut scene = Self {
            pool: PgPool::connect_with(cluster.options()).await.unwrap(),
            cluster,
            ports: nodes.iter().map(ServerProcess::port).collect(),
            remotes: nodes.iter().map(|node| guest.at(&node.remote())).collect(),
            nodes: nodes.into_iter().map(Some).collect(),
            tools: tools.await,
            deployment,
            book: Arc::default(),
            quiet: Arc::default(),
            until: CancellationToken::new(),
            people: JoinSet::new(),
            faults: Faults::default(),
            looked_at: 0,
            heard_alike: AtomicU64::new(0),
            ledger: Tally::default(),
            _model: model,
        };
        for number in 0..PEOPLE {
            let begun = guest.post("/v1/conversations", &json!({})).await.unwrap();
            let person = Person {
                number,
                nodes: scene.remotes.clone(),
                own: begun.body["id"].as_str().unwrap().to_owned(),
                tools: scene.tools.url(),
                book: Arc::clone(&scene.book),
                quiet: Arc::clone(&scene.quiet),
            };
            scene.people.spawn(person.ask(scene.until.clone()));
        }
        scene
    }

    async fn fault(&mut self, dice: &mut Dice) {
        let at = usize::try_from(dice.roll(2)).unwrap();
        match dice.roll(20) {
            0..12 => self.kill(&[at]).await,
            12 => self.kill(&[0, 1]).await,
            13..16 => self.pause(at, dice).await,
            16 | 17 => self.kill_postgres().await,
            _ => self.hang_up().await,
        }
        while let Some(gone) = self.people.try_join_next() {
            gone.expect("nobody gives up");
        }
    }

    /// `kill -9`; others come in their place.
    async fn kill(&mut self, which: &[usize]) {
        for &at in which {
            self.nodes[at].take().expect("one runs").kill();
            self.faults.kills += 1;
        }
        for &at in which {
            self.nodes[at] = Some(self.deployment.start_at(self.ports[at]).await);
        }
    }

    /// Lets one sleep for longer than the others believe it to live.
    async fn pause(&mut self, at: usize, dice: &mut Dice) {
        let node = self.nodes[at].as_ref().expect("one runs");
        node.pause();
        sleep(Duration::from_millis(1200 + dice.roll(1800))).await;
        node.resume();
        self.faults.pauses += 1;
    }

    /// Ends Postgres without a checkpoint and waits until it is back.
    async fn kill_postgres(&mut self) {
        self.faults.databases += 1;
        if self.faults.databases > WHOLE_DEATHS {
            self.cluster.kill_a_part(&self.pool).await;
        } else {
            self.cluster.kill().await;
        }
    }

    /// Cuts every connection of the processes in the middle of whatever it carries.
    async fn hang_up(&mut self) {
        let sql = r"
            select pg_terminate_backend(pid)
              from pg_stat_activity
             where datname = current_database()
               and pid <> pg_backend_pid()";
        // Our own other connections go too; the pool makes new ones.
        sqlx::query(sql).execute(&self.pool).await.unwrap();
        self.faults.hang_ups += 1;
    }

    /// While nobody asks: the rules, the receiver's ledger, and what the people heard.
    async fn look_at_everything(&mut self) {
        let quiet = Arc::clone(&self.quiet);
        let _quiet = quiet.write().await;
        comes_true_within(&self.pool, REST_WITHIN).await;
        let acknowledged = self.book.acknowledged();
        self.ledger = assert_ledger(&self.pool, &self.tools.ledger().entries()).await;
        let fresh = &acknowledged[self.looked_at..];
        let alike = assert_heard(&self.pool, fresh, &self.remotes).await;
        self.heard_alike.fetch_add(alike, Ordering::Relaxed);
        self.looked_at = acknowledged.len();
    }

    #[expect(clippy::print_stdout, reason = "the tally is for people")]
    fn tell(&self, round: u64, after: Duration) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Faults {
            kills,
            pauses,
            databases,
            hang_ups,
        } = self.faults;
        println!(
            "after {round} rounds and {:.1} s: {kills} servers killed, {pauses} paused beyond their \
             lease, {databases} databases killed, {hang_ups} times all connections cut; {} runs \
             acknowledged and each ended once, {} streams heard alike on both nodes, resumed {} \
             times, {} cancelled; {}; {} lost with a connection, {} refused",
            after.as_secs_f64(),
            self.book.acknowledged().len(),
            of(&self.heard_alike),
            of(&self.book.resumed),
            of(&self.book.cancelled),
            self.ledger,
            of(&self.book.lost),
            of(&self.book.refused),
        );
    }

    async fn end(mut self) {
        self.until.cancel();
        while let Some(asked) = self.people.join_next().await {
            asked.expect("nobody gave up");
        }
        assert!(!self.book.acknowledged().is_empty());
        for node in self.nodes.iter_mut().filter_map(Option::take) {
            assert!(node.stop().await.success());
        }
        self.pool.close().await;
        self.cluster.stop().await;
    }
}
