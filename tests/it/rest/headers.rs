//! What every answer carries, and what requests may say about themselves.

use http::Method;
use jan_tests::app::App;
use jan_tests::given::{chat, with};
use serde_json::{Value, json};

use super::CHAT;

#[tokio::test]
async fn a_request_keeps_the_id_its_client_gave_it() {
    let app = App::start().await;
    let answer = app
        .post(CHAT, chat("reply exactly hi"))
        .header("x-request-id", "mine-1")
        .await;
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    let events = app.events_of(answer.json()["id"].as_str().unwrap()).await;
    for event in events {
        let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
        assert_eq!(metadata["request_id"], "mine-1", "{metadata}");
    }
}

#[tokio::test]
async fn a_request_without_a_fit_id_gets_one() {
    let app = App::start().await;
    let long = "x".repeat(129);
    let unfit = [None, Some(""), Some("a b"), Some(long.as_str())];
    let mut given = Vec::new();
    for id in unfit {
        let request = app.get("/healthz");
        let answer = match id {
            Some(id) => request.header("x-request-id", id).await,
            None => request.await,
        };
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(id.starts_with("req_"), "{id}");
        given.push(id);
    }
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), unfit.len());
}

#[tokio::test]
async fn every_answer_has_the_common_headers_refusals_too() {
    let app = App::start().await;
    for answer in [
        app.get("/healthz").await,
        app.get("/v1/models").await,
        app.get("/nowhere").await,
        app.as_nobody().get("/v1/models").await,
        app.post(CHAT, json!({})).await,
        app.delete("/healthz").await,
    ] {
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("openai-version"), Some("2020-10-01"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let took: u64 = answer
            .header("openai-processing-ms")
            .unwrap()
            .parse()
            .unwrap();
        assert!(took < 60_000);
    }
}

#[tokio::test]
async fn browsers_of_known_origins_may_call_and_others_may_not() {
    let app = App::start().await;
    let preflight = |origin: &'static str| {
        app.as_nobody()
            .raw(Method::OPTIONS, CHAT)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key",
            )
    };
    let allowed = preflight("http://localhost:3000").await;
    assert!(
        matches!(allowed.status(), 200 | 204),
        "{}",
        allowed.status()
    );
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    assert_eq!(
        allowed.header("access-control-allow-credentials"),
        Some("true")
    );
    let methods = allowed.header("access-control-allow-methods").unwrap();
    assert!(
        methods.contains("PATCH") && methods.contains("DELETE"),
        "{methods}"
    );
    let headers = allowed.header("access-control-allow-headers").unwrap();
    assert!(
        headers.contains("authorization") && headers.contains("idempotency-key"),
        "{headers}"
    );
    for origin in [
        "http://localhost:3001",
        "https://localhost:3000",
        "http://evil.example",
        "null",
    ] {
        let refused = preflight(origin).await;
        assert_eq!(
            refused.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
    let called = app
        .get("/v1/models")
        .header("origin", "http://localhost:3000")
        .await
        .expect_status(200);
    assert_eq!(
        called.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    let exposed = called.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[tokio::test]
async fn a_read_says_how_fresh_it_is() {
    let app = App::start().await;
    let begun = app
        .post(
            CHAT,
            with(chat("reply exactly hi"), json!({"conversation": {}})),
        )
        .await
        .json();
    let path = format!(
        "/v1/conversations/{}",
        begun["conversation"]["id"].as_str().unwrap()
    );
    let read = app.get(&path).await.expect_status(200);
    assert_eq!(read.header("x-consistency"), Some("strong"));
    let read = app
        .get(&path)
        .header("x-consistency", "eventual")
        .await
        .expect_status(200);
    assert_eq!(read.header("x-consistency"), Some("eventual"));
}

#[tokio::test]
async fn a_trace_that_a_client_began_is_on_record() {
    let app = App::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = app
        .post(CHAT, chat("reply exactly hi"))
        .header("traceparent", &parent)
        .await
        .json();
    let recorded = app.events_of(answer["id"].as_str().unwrap()).await;
    for event in recorded {
        let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
        assert!(
            metadata["traceparent"].as_str().unwrap().contains(trace),
            "{metadata}"
        );
    }
    let asked = app.model().requests().pop().unwrap();
    let told = asked.headers.get("traceparent").unwrap().to_str().unwrap();
    assert!(told.contains(trace), "{told}");
}
