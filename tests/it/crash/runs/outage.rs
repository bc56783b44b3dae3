//! The database is away for longer than anybody tries to reach it, in the middle of runs.

use std::time::Duration;

use jan_tests::given::{MODEL, with};
use jan_tests::heard::Heard;
use jan_tests::process::Deployment;
use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::crash::cluster::Cluster;
use crate::crash::truth::comes_true_within;

/// Longer than the writer's own tries, about three seconds.
const AWAY: Duration = Duration::from_secs(6);
/// How long the living may take to bring every run to its end.
const REST_WITHIN: Duration = Duration::from_mins(1);

fn run(said: &str, more: Value) -> Value {
    with(json!({"model": MODEL, "input": said, "stream": true}), more)
}

async fn listen(person: Remote, body: Value) -> Heard {
    let mut heard = Heard::default();
    let _broken_off = person.hear(&body, None, &mut heard).await;
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_meet_a_database_that_is_away_end_when_it_is_back() {
    let cluster = Cluster::start().await;
    let (model, tools) = (ScriptedModel::start().await, ScriptedTools::start().await);
    let deployment = Deployment::new(&cluster.options(), &model.base_url()).unsealed();
    let server = deployment.start().await;
    let person = server.remote().guest().await;
    let conversation = person.post("/v1/conversations", &json!({})).await.unwrap();
    let conversation = json!({"conversation": conversation.body["id"]});
    let docs = json!({"type": "mcp", "server_label": "docs", "server_url": tools.url(),
        "require_approval": "never"});
    let background = json!({"background": true, "tools": [docs]});

    // A word, a call that may be repeated, and one that must not be, all to be recorded meanwhile.
    let people = TaskTracker::new();
    let slow =
        "call tool docs__slow with {\"ms\": 2000, \"text\": \"a\"}\nthen reply exactly awake";
    let said = "call tool docs__charge with {\"text\": \"b\"} [first_token_ms=2000]\nthen reply exactly paid";
    let hearings: Vec<_> = [
        run(slow, background.clone()),
        run(said, background.clone()),
        run("count to 40 [frame_ms=50]", background),
    ]
    .into_iter()
    .map(|body| people.spawn(listen(person.clone(), body)))
    .collect();
    // Somebody waits for an answer and goes away while nobody can record that.
    let waits = run("count to 200 [frame_ms=50]", conversation.clone());
    let waiting = people.spawn(listen(person.clone(), waits));
    let begun = timeout(REST_WITHIN, async {
        tools.ledger().until_called(1).await;
        model.until_in_flight(3).await;
    });
    begun.await.expect("all of them are under way");
    let away = people.spawn(cluster.away_for(AWAY));
    tokio::time::sleep(AWAY / 2).await;
    waiting.abort();
    let cluster = away.await.unwrap();

    let pool = PgPool::connect_with(cluster.options()).await.unwrap();
    comes_true_within(&pool, REST_WITHIN).await;
    for hearing in hearings {
        let heard = timeout(REST_WITHIN, hearing).await.unwrap().unwrap();
        assert_eq!(heard.faults(), [""; 0], "{:#?}", heard.told());
        assert_eq!(heard.ending().unwrap()["status"], "completed");
    }
    assert_eq!(tools.ledger().effects("charge"), 1);

    // The conversation is free again.
    let again = listen(person, run("reply exactly back", conversation)).await;
    assert_eq!(again.ending().unwrap()["status"], "completed", "{again:?}");
    comes_true_within(&pool, REST_WITHIN).await;
    pool.close().await;
    assert!(server.stop().await.success());
    cluster.stop().await;
}
