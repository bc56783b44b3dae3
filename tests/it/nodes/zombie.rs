//! A process that is paused for longer than anybody believes it to live, and then goes on.

use std::time::Duration;

use jan_tests::database::Database;
use jan_tests::given::{chat, with};
use jan_tests::process::Deployment;
use jan_tests::remote::{Remote, Seen};
use jan_tests::scripted_model::ScriptedModel;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::crash::truth::comes_true;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_process_loses_its_calls_and_each_ends_once() {
    let database = Database::fresh().await;
    let model = ScriptedModel::start().await;
    let deployment = Deployment::new(&database.options(), &model.base_url()).unsealed();
    let (zombie, other) = (deployment.start().await, deployment.start().await);
    let pool = database.pool(4).await;
    let person = zombie.remote().guest().await;
    let begun = person.post("/v1/conversations", &json!({})).await.unwrap();
    let conversation = json!({"conversation": begun.body["id"]});

    let streamed = with(chat("count to 40 [frame_ms=50]"), json!({"stream": true}));
    let streamed = with(streamed, conversation.clone());
    let whole = chat("reply exactly too late [first_token_ms=2000]");
    let whole = with(whole, conversation.clone());
    let people = TaskTracker::new();
    let watching = people.spawn(watch(person.clone(), streamed));
    let waiting = people.spawn({
        let (person, whole) = (person.clone(), whole);
        async move { person.post("/v1/chat/completions", &whole).await }
    });
    timeout(PATIENCE, model.until_in_flight(2)).await.unwrap();
    sleep(Duration::from_millis(500)).await;

    zombie.pause();
    until_failed(&pool, 2).await;
    assert_eq!(failures(&pool).await, ["node_lost", "node_lost"]);
    zombie.resume();

    let seen = timeout(PATIENCE, watching).await.unwrap().unwrap();
    assert!(!seen.text.is_empty(), "it was paused before it had begun");
    assert!(!seen.finished, "the end was told, and is not on record");
    assert!(seen.error.is_some(), "{seen:?}");
    let told = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert!(told.status >= 400, "{told:?}");
    comes_true(&pool).await;
    assert_eq!(failures(&pool).await, ["node_lost", "node_lost"]);

    // Both go on, and what one does the other shows.
    let again = with(chat("reply exactly alive"), conversation.clone());
    for (at, seen_from) in [(&zombie, &other), (&other, &zombie)] {
        let said = person.at(&at.remote());
        let told = said.post("/v1/chat/completions", &again).await.unwrap();
        assert_eq!(told.status, 200, "{told:?}");
        assert_last(&person.at(&seen_from.remote()), &conversation, "alive").await;
    }
    comes_true(&pool).await;
}

/// The calls of a process that is asked to end come to their end; nobody has to close them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_asked_to_end_lets_its_calls_end() {
    let database = Database::fresh().await;
    let model = ScriptedModel::start().await;
    let deployment = Deployment::new(&database.options(), &model.base_url()).unsealed();
    let (ending, other) = (deployment.start().await, deployment.start().await);
    let person = ending.remote().guest().await;
    let body = with(chat("count to 20 [frame_ms=50]"), json!({"stream": true}));
    let people = TaskTracker::new();
    let watching = people.spawn(watch(person.clone(), body));
    timeout(PATIENCE, model.until_in_flight(1)).await.unwrap();
    assert!(ending.stop().await.success());
    let seen = watching.await.unwrap();
    assert!(seen.finished && seen.done, "{seen:?}");
    comes_true(&database.pool(4).await).await;
    drop(other);
}

async fn watch(person: Remote, body: Value) -> Seen {
    let mut seen = Seen::default();
    let ended = person.watch(&body, None, &mut seen).await;
    ended.expect("the process lives, so the stream ends well");
    seen
}

async fn assert_last(person: &Remote, conversation: &Value, text: &str) {
    let id = conversation["conversation"].as_str().unwrap();
    let path = format!("/v1/conversations/{id}/items?order=desc&limit=1");
    let shown = person.get(&path).await.unwrap();
    let last = &shown.body["data"][0]["content"][0]["text"];
    assert_eq!(last, text, "{shown:?}");
}

async fn failures(pool: &PgPool) -> Vec<String> {
    let sql = r"
        select payload #>> '{Failed,failure,kind}'
          from events
         where event_type = 'ResponseFailed'";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

async fn until_failed(pool: &PgPool, count: usize) {
    let failed = async {
        while failures(pool).await.len() < count {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, failed)
        .await
        .expect("the other closes them");
}
