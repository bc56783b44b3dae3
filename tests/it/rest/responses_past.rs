//! Responses as they stood.

use jan_tests::app::App;
use serde_json::json;

use super::conversations::param;
use super::responses::RESPONSES;
use super::responses_tools::with_tools;

async fn made(app: &App) -> String {
    let body = with_tools("call tool docs__echo with {\"text\": \"tea\"}", "never");
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    told["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_response_is_read_as_it_stood_step_by_step() {
    let app = App::start().await;
    let id = made(&app).await;
    let path = format!("{RESPONSES}/{id}");
    let log = app.events_of(&id).await;
    let mut outputs = Vec::new();
    let mut steps = Vec::new();
    for event in &log {
        let query = format!("at_version={}", event.sequence);
        let read = app.get(&format!("{path}?{query}")).await.expect_status(200);
        assert_eq!(
            read.header("x-as-of-version").unwrap(),
            event.sequence.to_string()
        );
        assert_eq!(
            read.header("x-as-of-position").unwrap(),
            event.position.to_string()
        );
        let told = read.json();
        let ended = event.event_type == "ResponseCompleted";
        assert_eq!(
            told["status"],
            if ended { "completed" } else { "in_progress" }
        );
        outputs.push(told["output"].as_array().unwrap().len());
        let list = app
            .get(&format!("{path}/steps?{query}"))
            .await
            .expect_status(200);
        assert_eq!(
            list.header("x-as-of-version").unwrap(),
            event.sequence.to_string()
        );
        steps.push(list.json()["data"].as_array().unwrap().len());
    }
    assert_eq!(outputs, [0, 1, 1, 1, 1, 2, 2, 2, 3]);
    assert_eq!(steps, [0, 1, 1, 2, 2, 3, 3, 4, 4]);
    let head = format!("at_version={}", log.len());
    for place in ["", "/steps"] {
        let now = app.get(&format!("{path}{place}")).await.json();
        let then = app.get(&format!("{path}{place}?{head}")).await.json();
        assert_eq!(then, now, "{place}");
    }
    let now = app.get(&format!("/responses{path}")).await.json();
    let then = app.get(&format!("/responses{path}?{head}")).await.json();
    assert_eq!(then, now);
}

#[tokio::test]
async fn the_past_of_a_response_is_its_owners_and_survives_its_deletion() {
    let app = App::start().await;
    let id = made(&app).await;
    let path = format!("{RESPONSES}/{id}");
    for (query, at) in [
        ("at_version=0", "at_version"),
        ("at_version=99", "at_version"),
        ("at_time=x", "at_time"),
        ("at_version=1&stream=true", "stream"),
        ("at_version=1&at_position=1", "at_position"),
    ] {
        let refused = app.get(&format!("{path}?{query}")).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some(at), "{query}");
    }
    app.get(&format!("{path}?at_time=0"))
        .await
        .expect_status(404);
    app.delete(&path).await.expect_status(200);
    app.get(&path).await.expect_status(404);
    let versions = app.events_of(&id).await.len();
    app.get(&format!("{path}?at_version={versions}"))
        .await
        .expect_status(404);
    let past = app
        .get(&format!("{path}?at_version={}", versions - 1))
        .await;
    assert_eq!(past.expect_status(200).json()["status"], "completed");
    let stranger = app.guest().await;
    for place in ["", "/steps"] {
        let foreign = stranger.get(&format!("{path}{place}?at_version=1")).await;
        foreign.expect_status(404);
    }
    let unkept = json!({"model": jan_tests::given::MODEL, "input": "hi", "store": false});
    let unkept = app.post(RESPONSES, unkept).await.expect_status(200).json();
    let path = format!("{RESPONSES}/{}", unkept["id"].as_str().unwrap());
    app.get(&format!("{path}?at_version=1"))
        .await
        .expect_status(404);
}
