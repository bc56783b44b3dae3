//! What was written through one process is there when it is read through another, at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jan_tests::database::Database;
use jan_tests::given::{chat, with};
use jan_tests::process::Deployment;
use jan_tests::remote::{Remote, Told};
use jan_tests::scripted_model::ScriptedModel;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::crash::truth::comes_true;

/// Tries unless `JAN_READ_TRIES` says otherwise.
const TRIES: u64 = 1_000;
/// People who write and read at once.
const PEOPLE: u64 = 8;

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration; this is theirs"
)]
fn tries() -> u64 {
    let told = std::env::var("JAN_READ_TRIES").ok();
    told.map_or(TRIES, |told| told.parse().expect("a number of tries"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the tally is for people")]
async fn a_read_through_one_process_sees_every_write_through_another() {
    let database = Database::fresh().await;
    let model = ScriptedModel::start().await;
    let deployment = Deployment::new(&database.options(), &model.base_url()).unsealed();
    let nodes = [deployment.start().await, deployment.start().await];
    let (tries, begun) = (tries(), Instant::now());
    let tally = Arc::new(Tally::default());
    let mut people = JoinSet::new();
    for number in 0..PEOPLE {
        let remotes = [nodes[0].remote(), nodes[1].remote()];
        let person = Person::begin(number, remotes, Arc::clone(&tally)).await;
        people.spawn(person.write_and_read(tries / PEOPLE));
    }
    while let Some(done) = people.join_next().await {
        done.unwrap();
    }
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} writes through one process read through the other in {:.1} s: {} missed, {} answered \
         as stale",
        of(&tally.reads),
        begun.elapsed().as_secs_f64(),
        of(&tally.missed),
        of(&tally.stale),
    );
    assert_eq!(of(&tally.reads), tries / PEOPLE * PEOPLE);
    assert_eq!((of(&tally.missed), of(&tally.stale)), (0, 0));
    comes_true(&database.pool(4).await).await;
}

#[derive(Debug, Default)]
struct Tally {
    reads: AtomicU64,
    missed: AtomicU64,
    stale: AtomicU64,
}

impl Tally {
    fn count(&self, what: &str, read: &Told, sees: bool) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if read.consistency.as_deref() == Some("stale") {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        if read.status != 200 || !sees {
            eprintln!("{what} was missed: {read:?}");
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Person {
    number: u64,
    nodes: [Remote; 2],
    conversation: String,
    tally: Arc<Tally>,
}

impl Person {
    async fn begin(number: u64, nodes: [Remote; 2], tally: Arc<Tally>) -> Self {
        let here = nodes[0].guest().await;
        let begun = here.post("/v1/conversations", &json!({})).await.unwrap();
        Self {
            number,
            nodes: [here.clone(), here.at(&nodes[1])],
            conversation: begun.body["id"].as_str().unwrap().to_owned(),
            tally,
        }
    }

    /// Writes through the one and reads through the other, which change places every time.
    async fn write_and_read(self, times: u64) {
        for time in 0..times {
            let [first, second] = &self.nodes;
            let (write, read) = if time % 2 == 0 {
                (first, second)
            } else {
                (second, first)
            };
            let mark = format!("mark-{}-{time}", self.number);
            match time / 2 % 6 {
                0 => self.begins(write, read, &mark).await,
                1 => self.adds_an_item(write, read, &mark).await,
                2 => self.changes(write, read, &mark).await,
                3 => self.stores_a_completion(write, read, &mark).await,
                4 => self.says(write, read, &mark).await,
                _ => self.lets_a_guest_in(write, read).await,
            }
        }
    }

    async fn begins(&self, write: &Remote, read: &Remote, mark: &str) {
        let wish = json!({"metadata": {"mark": mark}});
        let begun = done(write.post("/v1/conversations", &wish).await.unwrap());
        let path = format!("/v1/conversations/{}", begun["id"].as_str().unwrap());
        let read = read.get(&path).await.unwrap();
        let sees = read.body["metadata"]["mark"] == mark;
        self.tally.count("a new conversation", &read, sees);
    }

    async fn adds_an_item(&self, write: &Remote, read: &Remote, mark: &str) {
        let wish = json!({"items": [{"role": "user", "content": mark}]});
        done(write.post(&self.path("/items"), &wish).await.unwrap());
        self.sees_last(read, "an item", mark).await;
    }

    async fn changes(&self, write: &Remote, read: &Remote, mark: &str) {
        let wish = json!({"metadata": {"mark": mark}});
        done(write.post(&self.path(""), &wish).await.unwrap());
        let read = read.get(&self.path("")).await.unwrap();
        let sees = read.body["metadata"]["mark"] == mark;
        self.tally.count("a change", &read, sees);
    }

    async fn stores_a_completion(&self, write: &Remote, read: &Remote, mark: &str) {
        let call = chat(&format!("reply exactly {mark}"));
        let call = with(call, json!({"store": true}));
        let told = done(write.post("/v1/chat/completions", &call).await.unwrap());
        let path = format!("/v1/chat/completions/{}", told["id"].as_str().unwrap());
        let read = read.get(&path).await.unwrap();
        let sees = read.body["choices"][0]["message"]["content"] == mark;
        self.tally.count("a stored completion", &read, sees);
    }

    async fn says(&self, write: &Remote, read: &Remote, mark: &str) {
        let call = chat(&format!("reply exactly {mark}"));
        let more = json!({"stream": true, "conversation": self.conversation});
        let seen = write.stream(&with(call, more), None).await.unwrap();
        assert!(seen.done, "{seen:?}");
        self.sees_last(read, "an exchange", mark).await;
    }

    async fn lets_a_guest_in(&self, write: &Remote, read: &Remote) {
        let guest = write.guest().await;
        let read = guest.at(read).get("/auth/me").await.unwrap();
        self.tally.count("a guest", &read, read.body.is_object());
    }

    async fn sees_last(&self, read: &Remote, what: &str, mark: &str) {
        let newest = self.path("/items?order=desc&limit=1");
        let read = read.get(&newest).await.unwrap();
        let sees = read.body["data"][0]["content"][0]["text"] == mark;
        self.tally.count(what, &read, sees);
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/conversations/{}{rest}", self.conversation)
    }
}

#[track_caller]
fn done(told: Told) -> Value {
    assert!(told.status < 300, "{told:?}");
    told.body
}
