//! The database is away for longer than anybody tries to reach it, in the middle of calls.

use std::time::Duration;

use jan_tests::given::{chat, with};
use jan_tests::process::Deployment;
use jan_tests::remote::Seen;
use jan_tests::scripted_model::ScriptedModel;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use super::cluster::Cluster;
use super::truth::comes_true;

/// Longer than the writer's own tries, about three seconds.
const AWAY: Duration = Duration::from_secs(6);
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_end_while_the_database_is_away_are_closed_when_it_is_back() {
    let cluster = Cluster::start().await;
    let model = ScriptedModel::start().await;
    let deployment = Deployment::new(&cluster.options(), &model.base_url()).unsealed();
    let server = deployment.start().await;
    let person = server.remote().guest().await;
    let begun = person.post("/v1/conversations", &json!({})).await.unwrap();
    let conversation = json!({"conversation": begun.body["id"]});
    let streamed = with(chat("count to 30 [frame_ms=50]"), json!({"stream": true}));
    let streamed = with(streamed, conversation.clone());
    let whole = with(
        chat("reply exactly unheard [first_token_ms=1500]"),
        conversation.clone(),
    );

    let people = TaskTracker::new();
    let watching = people.spawn({
        let person = person.clone();
        async move {
            let mut seen = Seen::default();
            person.watch(&streamed, None, &mut seen).await.unwrap();
            seen
        }
    });
    let waiting = people.spawn({
        let person = person.clone();
        async move { person.post("/v1/chat/completions", &whole).await }
    });
    timeout(PATIENCE, model.until_in_flight(2)).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let cluster = cluster.away_for(AWAY).await;

    // Nobody was told an end that is not on record.
    let seen = timeout(PATIENCE, watching).await.unwrap().unwrap();
    assert!(!seen.finished && seen.error.is_some(), "{seen:?}");
    let told = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert!(told.status >= 500, "{told:?}");

    // The same process closes them, without a restart, and goes on.
    let pool = PgPool::connect_with(cluster.options()).await.unwrap();
    comes_true(&pool).await;
    let again = with(chat("reply exactly back again"), conversation);
    let told = person.post("/v1/chat/completions", &again).await.unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    comes_true(&pool).await;
    pool.close().await;
    assert!(server.stop().await.success());
    cluster.stop().await;
}
