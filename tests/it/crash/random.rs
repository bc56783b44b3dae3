//! The process, and Postgres under it, die at random times while people talk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jan_tests::process::{Deployment, ServerProcess};
use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::dice::Dice;
use super::load::{Acknowledged, Ledger, Person};
use super::truth::comes_true;

/// Deaths unless `JAN_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 30;
/// People who talk at once.
const PEOPLE: u64 = 6;
/// Longest time from a start to the next death.
const LIVES_MS: u64 = 1200;
/// Everything is looked at while all are quiet after so many deaths, and at the end.
const LOOK_EVERY: u64 = 10;
/// How often Postgres is killed as a whole.
const WHOLE_DEATHS: u32 = 3;

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration; this is theirs"
)]
fn rounds() -> u64 {
    let told = std::env::var("JAN_CRASH_ROUNDS").ok();
    told.map_or(ROUNDS, |told| told.parse().expect("a number of rounds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_done_twice_whenever_anything_dies() {
    let mut scene = Scene::set().await;
    let begun = Instant::now();
    let rounds = rounds();
    let mut dice = Dice::new(2026);
    for round in 1..=rounds {
        sleep(Duration::from_millis(dice.roll(LIVES_MS))).await;
        let before = scene.ledger.acknowledged();
        match round % 6 {
            2 => scene.kill_postgres().await,
            5 => {
                scene.kill_server().await;
                scene.kill_postgres().await;
            }
            _ => scene.kill_server().await,
        }
        scene.assert_on_record(&before).await;
        if round % LOOK_EVERY == 0 || round == rounds {
            scene.look_at_everything().await;
            scene.tell(round, begun.elapsed());
        }
    }
    scene.end().await;
}

struct Scene {
    cluster: Cluster,
    pool: PgPool,
    deployment: Deployment,
    server: Option<ServerProcess>,
    port: u16,
    remote: Remote,
    ledger: Arc<Ledger>,
    quiet: Arc<RwLock<()>>,
    until: CancellationToken,
    people: JoinSet<()>,
    deaths: (u32, u32),
    _model: ScriptedModel,
}

impl Scene {
    async fn set() -> Self {
        let cluster = Cluster::start().await;
        let model = ScriptedModel::start().await;
        let deployment = Deployment::new(&cluster.options(), &model.base_url()).unsealed();
        let server = deployment.start().await;
        let remote = server.remote().guest().await;
        let shared = begin(&remote).await;
        let mut scene = Self {
            pool: PgPool::connect_with(cluster.options()).await.unwrap(),
            cluster,
            deployment,
            port: server.port(),
            server: Some(server),
            remote: remote.clone(),
            ledger: Arc::default(),
            quiet: Arc::default(),
            until: CancellationToken::new(),
            people: JoinSet::new(),
            deaths: (0, 0),
            _model: model,
        };
        for number in 0..PEOPLE {
            let person = Person {
                number,
                own: begin(&remote).await,
                remote: remote.clone(),
                shared: shared.clone(),
                ledger: Arc::clone(&scene.ledger),
                quiet: Arc::clone(&scene.quiet),
            };
            scene.people.spawn(person.talk(scene.until.clone()));
        }
        scene
    }

    async fn kill_server(&mut self) {
        self.server.take().expect("one runs").kill();
        self.deaths.0 += 1;
        self.server = Some(self.deployment.start_at(self.port).await);
    }

    /// Ends Postgres without a checkpoint and waits until it is back.
    async fn kill_postgres(&mut self) {
        self.deaths.1 += 1;
        if self.deaths.1 > WHOLE_DEATHS {
            self.cluster.kill_a_part(&self.pool).await;
        } else {
            self.cluster.kill().await;
        }
    }

    /// Whatever was acknowledged before a death is a completed call after it.
    async fn assert_on_record(&self, acknowledged: &[Acknowledged]) {
        let sql = r"
            select told
              from unnest($1::text[]) as told
             where not exists (select from events
                                where aggregate_type = 'response'
                                  and aggregate_id = told
                                  and event_type = 'ResponseCompleted')";
        let told: Vec<_> = acknowledged.iter().map(|call| &call.response).collect();
        let lost: Vec<String> = sqlx::query_scalar(sql)
            .bind(told)
            .fetch_all(&self.pool)
            .await
            .unwrap();
        assert_eq!(lost, [""; 0], "acknowledged and not on record");
    }

    /// While all are quiet: the rules, the ledger, and what a person sees.
    async fn look_at_everything(&self) {
        let _quiet = self.quiet.write().await;
        let acknowledged = self.ledger.acknowledged();
        self.assert_on_record(&acknowledged).await;
        comes_true(&self.pool).await;
        self.assert_nothing_was_answered_twice().await;
        self.assert_every_turn_is_there_once(&acknowledged).await;
        self.assert_told_again(&acknowledged).await;
        self.assert_shown(&acknowledged).await;
        comes_true(&self.pool).await;
    }

    /// A call with a key may have been tried several times, but only one try was answered.
    async fn assert_nothing_was_answered_twice(&self) {
        let sql = r"
            select substring(requested.payload::text from 'w\d+x\d+y') as words
              from events as requested
              join events as answered using (aggregate_id)
             where requested.event_type = 'ResponseRequested'
               and answered.event_type in ('ResponseCompleted', 'ResponseIncomplete')
             group by 1
            having count(*) <> 1";
        let twice: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap();
        assert_eq!(twice, [""; 0], "one call, two answers");
    }

    /// An exchange is in its conversation exactly once: the question and the answer.
    async fn assert_every_turn_is_there_once(&self, acknowledged: &[Acknowledged]) {
        let sql = r"
            select told.words || ' in ' || told.conversation
              from unnest($1::text[], $2::text[]) as told (words, conversation)
             where 2 <> (select count(*)
                           from conversation_items as shown
                          where shown.conversation_id = told.conversation
                            and strpos(shown.body, told.words) > 0)";
        let kept = || {
            acknowledged
                .iter()
                .filter(|call| call.conversation.is_some())
        };
        let wrong: Vec<String> = sqlx::query_scalar(sql)
            .bind(kept().map(|call| &call.words).collect::<Vec<_>>())
            .bind(kept().map(|call| &call.conversation).collect::<Vec<_>>())
            .fetch_all(&self.pool)
            .await
            .unwrap();
        assert_eq!(
            wrong, [""; 0],
            "an acknowledged exchange that is not there once"
        );
    }

    /// A repeated request gets the same answer and adds nothing.
    async fn assert_told_again(&self, acknowledged: &[Acknowledged]) {
        let repeatable = acknowledged.iter().rev().filter_map(|call| {
            let (key, body) = call.repeatable.as_ref()?;
            Some((call, key, body))
        });
        for (call, key, body) in repeatable.take(10) {
            let id = if body["stream"] == true {
                self.remote.stream(body, Some(key)).await.unwrap().id
            } else {
                let told = self.remote.post_once("/v1/chat/completions", key, body);
                told.await.unwrap().body["id"].as_str().map(str::to_owned)
            };
            assert_eq!(id.as_ref(), Some(&call.response), "{call:?}");
        }
    }

    /// The last exchanges can be read where they were said.
    async fn assert_shown(&self, acknowledged: &[Acknowledged]) {
        let kept = acknowledged.iter().rev().filter_map(|call| {
            let conversation = call.conversation.as_ref()?;
            Some((call, conversation))
        });
        for (call, conversation) in kept.take(10) {
            let path = format!("/v1/conversations/{conversation}/items?order=desc&limit=100");
            let shown = self.remote.get(&path).await.unwrap();
            assert_eq!(shown.consistency.as_deref(), Some("strong"));
            let items = shown.body["data"].as_array().unwrap();
            let of_the_call = |item: &&Value| item.to_string().contains(&call.words);
            assert_eq!(items.iter().filter(of_the_call).count(), 2, "{call:?}");
        }
    }

    #[expect(clippy::print_stdout, reason = "the tally is for people")]
    fn tell(&self, round: u64, after: Duration) {
        let (servers, databases) = self.deaths;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        println!(
            "after {round} rounds and {:.1} s: {servers} servers and {databases} databases killed; \
             {} calls acknowledged and all there once; {} lost with a connection, {} refused, \
             {} asked again by key",
            after.as_secs_f64(),
            self.ledger.acknowledged().len(),
            of(&self.ledger.lost),
            of(&self.ledger.refused),
            of(&self.ledger.asked_again),
        );
    }

    async fn end(mut self) {
        self.until.cancel();
        while let Some(talked) = self.people.join_next().await {
            talked.expect("nobody gave up");
        }
        assert!(!self.ledger.acknowledged().is_empty());
        let server = self.server.take().expect("one runs");
        assert!(server.stop().await.success());
        self.pool.close().await;
        self.cluster.stop().await;
    }
}

async fn begin(person: &Remote) -> String {
    let begun = person.post("/v1/conversations", &json!({})).await.unwrap();
    begun.body["id"].as_str().unwrap().to_owned()
}
