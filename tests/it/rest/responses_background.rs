//! Responses in the background: polled, followed, resumed, cancelled, on any node.

use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::with;
use jan_tests::request::{Client, typed_events_of};
use jan_tests::response_stream::{assert_numbered_from, assert_well_formed, words_of};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::responses::{RESPONSES, output_text, response};
use super::responses_tools::with_tools;

fn in_background(body: Value) -> Value {
    with(body, json!({"background": true}))
}

async fn begun(client: &Client, body: Value) -> String {
    let told = client
        .post(RESPONSES, in_background(body))
        .await
        .expect_status(200)
        .json();
    assert_eq!(told["status"], "queued", "{told}");
    told["id"].as_str().unwrap().to_owned()
}

/// Polls until the response has ended.
async fn ended(client: &Client, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let told = client
            .get(&format!("{RESPONSES}/{id}"))
            .await
            .expect_status(200)
            .json();
        if !matches!(told["status"].as_str(), Some("queued" | "in_progress")) {
            return told;
        }
        assert!(Instant::now() < deadline, "{told}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn followed(client: &Client, id: &str, query: &str) -> Vec<Value> {
    let path = format!("{RESPONSES}/{id}?stream=true{query}");
    typed_events_of(client.get(&path).await.expect_status(200).text())
}

#[tokio::test]
async fn a_response_runs_without_its_client() {
    let app = App::start().await;
    let id = begun(
        &app,
        with_tools("call tool docs__echo with {\"text\": \"tea\"}", "never"),
    )
    .await;
    let told = ended(&app, &id).await;
    assert_eq!(
        (&told["status"], &told["background"]),
        (&json!("completed"), &json!(true))
    );
    assert_eq!(output_text(&told), "tool said: tea");
    let secrets: i64 = sqlx::query_scalar("select count(*) from run_secrets")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(secrets, 0, "what opened the server's door is forgotten");
}

#[tokio::test]
async fn a_stream_can_be_followed_from_anywhere_during_and_after_on_any_node() {
    let app = App::start().await;
    let node = app.second_node().await;
    let other = node.with_token(app.token());
    let id = begun(&app, response("[frame_ms=10] count to 60")).await;
    let (here, there) = tokio::join!(followed(&app, &id, ""), followed(&other, &id, ""));
    assert_well_formed(&here);
    assert_eq!(here, there);
    assert_eq!(here[1]["type"], "response.queued");
    for after in [0, 7, here.len() as u64 - 2] {
        let query = format!("&starting_after={after}");
        let rest = followed(&other, &id, &query).await;
        assert_numbered_from(&rest, after + 1);
        assert_eq!(rest, here[usize::try_from(after).unwrap() + 1..]);
    }
    assert_eq!(followed(&app, &id, "").await, here);
}

#[tokio::test]
async fn a_stream_can_be_told_when_nothing_of_it_is_kept() {
    let app = App::start().await;
    let body = with_tools("call tool docs__echo with {\"text\": \"tea\"}", "never");
    let id = begun(&app, body).await;
    let kept = followed(&app, &id, "").await;
    sqlx::query("delete from stream_log")
        .execute(app.pool())
        .await
        .unwrap();
    let retold = followed(&app, &id, "").await;
    assert_well_formed(&retold);
    assert_eq!(words_of(&retold), words_of(&kept));
    assert_eq!(
        retold.last().unwrap()["response"],
        kept.last().unwrap()["response"]
    );
    let whole = app.post(RESPONSES, response("count to 5")).await.json();
    let told = followed(&app, whole["id"].as_str().unwrap(), "").await;
    assert_well_formed(&told);
    assert_eq!(told.last().unwrap()["response"], whole);
}

#[tokio::test]
async fn cancelling_stops_the_model_within_a_second_also_from_another_node() {
    let app = App::start().await;
    let node = app.second_node().await;
    let other = node.with_token(app.token());
    for (at, canceller) in [&*app, &other].into_iter().enumerate() {
        let id = begun(&app, response("[frame_ms=20] count to 100000")).await;
        app.model().until_in_flight(1).await;
        let path = format!("{RESPONSES}/{id}/cancel");
        let told = canceller
            .post(&path, json!({}))
            .await
            .expect_status(200)
            .json();
        assert_eq!(told["status"], "cancelled");
        let asked = Instant::now();
        app.model().until_cancelled(at + 1).await;
        // A second is promised; the other is for machines that do much else.
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
        let again = canceller
            .post(&path, json!({}))
            .await
            .expect_status(200)
            .json();
        assert_eq!(again, told);
        let events = followed(&other, &id, "").await;
        let last = events.last().unwrap();
        assert_eq!(last["response"]["status"], "cancelled", "{last}");
    }
}

#[tokio::test]
async fn only_what_runs_in_the_background_can_be_cancelled() {
    let app = App::start().await;
    let whole = app.post(RESPONSES, response("hi")).await.json();
    let path = format!("{RESPONSES}/{}/cancel", whole["id"].as_str().unwrap());
    let refused = app.post(&path, json!({})).await.expect_status(400).json();
    assert_eq!(refused["error"]["code"], "not_cancellable");
    let unknown = app
        .post(&format!("{RESPONSES}/resp_0/cancel"), json!({}))
        .await;
    unknown.expect_status(404);
}

#[tokio::test]
async fn a_conversation_takes_one_run_at_a_time() {
    let app = App::start().await;
    let conversation = app.post("/v1/conversations", json!({})).await.json();
    let named = json!({"conversation": conversation["id"]});
    let id = begun(
        &app,
        with(response("[frame_ms=20] count to 40"), named.clone()),
    )
    .await;
    let second = app
        .post(RESPONSES, with(response("hi"), named.clone()))
        .await;
    let refused = second.expect_status(400).json();
    assert_eq!(refused["error"]["code"], "conversation_locked");
    assert_eq!(refused["error"]["param"], "conversation");
    assert_eq!(ended(&app, &id).await["status"], "completed");
    app.post(RESPONSES, with(response("hi"), named))
        .await
        .expect_status(200);
    let path = format!(
        "/v1/conversations/{}/items",
        conversation["id"].as_str().unwrap()
    );
    let items = app.get(&path).await.json();
    assert_eq!(items["data"].as_array().unwrap().len(), 4);
}
