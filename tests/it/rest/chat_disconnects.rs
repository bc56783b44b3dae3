//! Clients that go away: the model is stopped, and what it had said is on record.

use std::time::{Duration, Instant};

use jan_tests::app::App;
use jan_tests::given::{chat, streamed, with};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::CHAT;

/// The promise, from the client's going to the provider's noticing.
const PROMISED: Duration = Duration::from_secs(1);

/// The model notices within the promised time; answers how the one call ended on record.
async fn stopped_and_recorded(app: &App) -> Value {
    let gone = Instant::now();
    let noticed = timeout(PROMISED, app.model().until_cancelled(1)).await;
    noticed.expect("the provider still works for nobody");
    assert!(gone.elapsed() < PROMISED);
    app.model().until_in_flight(0).await;
    let events = app.events().await;
    let mut calls = events
        .iter()
        .filter(|event| event.event_type == "ResponseRequested");
    let call = calls.next().unwrap().aggregate_id.clone();
    assert!(calls.next().is_none());
    let ending = app.until_recorded(&call, "ResponseIncomplete").await;
    assert_eq!(ending["reason"], "client_disconnected");
    ending
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_stream_stops_the_model() {
    let app = App::start().await;
    let live = app.live().await;
    let mut answer = live
        .post(CHAT, &streamed("[frame_ms=20] count to 100000"))
        .await;
    let mut seen = String::new();
    while seen.len() < 10 {
        seen += &answer.next_words().await.unwrap();
    }
    drop(answer);
    let ending = stopped_and_recorded(&app).await;
    let kept = ending["answer"]["body"][0]["message"]["content"]
        .as_str()
        .unwrap();
    assert!(
        kept.starts_with(&seen),
        "{seen:?} was told and {kept:?} is on record"
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_the_first_word_stops_the_model() {
    let app = App::start().await;
    let live = app.live().await;
    let body = streamed("[first_token_ms=60000] count to 9");
    let answer = live.post(CHAT, &body);
    let waiting = timeout(Duration::from_millis(300), answer).await;
    app.model().until_in_flight(1).await;
    drop(waiting);
    let ending = stopped_and_recorded(&app).await;
    assert_eq!(ending["usage"]["output_tokens"], 0);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_stops_the_model() {
    let app = App::start().await;
    let live = app.live().await;
    for body in [
        streamed("[fault=slow_headers] [headers_ms=60000] count to 9"),
        chat("[fault=slow_headers] [headers_ms=60000] count to 9"),
    ] {
        let before = app.model().cancelled();
        let answer = live.post(CHAT, &body);
        let waiting = timeout(Duration::from_millis(300), answer).await;
        assert!(waiting.is_err());
        drop(waiting);
        let noticed = timeout(PROMISED, app.model().until_cancelled(before + 1)).await;
        noticed.expect("the provider still works for nobody");
    }
    for event in app.events().await {
        if event.event_type == "ResponseRequested" {
            app.until_recorded(&event.aggregate_id, "ResponseIncomplete")
                .await;
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_a_whole_answer_stops_the_model() {
    let app = App::start().await;
    let live = app.live().await;
    let body = chat("[first_token_ms=60000] count to 9");
    let answer = live.post(CHAT, &body);
    let waiting = timeout(Duration::from_millis(300), answer).await;
    assert!(waiting.is_err(), "it was answered early");
    drop(waiting);
    stopped_and_recorded(&app).await;
}

#[tokio::test]
async fn a_conversation_keeps_what_was_said_before_its_client_left() {
    let app = App::start().await;
    let live = app.live().await;
    let body = with(
        streamed("[frame_ms=20] count to 100000"),
        json!({"conversation": {}}),
    );
    let mut answer = live.post(CHAT, &body).await;
    answer.next_words().await.unwrap();
    drop(answer);
    stopped_and_recorded(&app).await;
    let list = app.get("/v1/conversations").await.expect_status(200).json();
    let id = list["data"][0]["id"].as_str().unwrap();
    let items = app
        .get(&format!("/v1/conversations/{id}/items?order=asc"))
        .await
        .json();
    let items = items["data"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[0]["status"], "completed");
    assert_eq!(items[1]["role"], "assistant");
    assert_eq!(items[1]["status"], "incomplete");
    assert!(
        items[1]["content"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with('1')
    );
}

#[tokio::test]
async fn clients_that_leave_disturb_nobody_else() {
    let app = App::start().await;
    let live = app.live().await;
    let mut stays = live
        .post(CHAT, &streamed("[frame_ms=50] count to 20"))
        .await;
    for _ in 0..5 {
        let mut leaves = live
            .post(CHAT, &streamed("[frame_ms=20] count to 100000"))
            .await;
        leaves.next_words().await.unwrap();
    }
    let mut words = String::new();
    while let Some(more) = stays.next_words().await {
        words += &more;
    }
    assert!(words.ends_with(" 19 20"), "{words}");
    timeout(PROMISED, app.model().until_cancelled(5))
        .await
        .unwrap();
}
