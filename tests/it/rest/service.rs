//! What operators and probes ask, and what people read.

use http::Method;
use jan_tests::app::{App, Setup};
use jan_tests::given::{chat, streamed};
use serde_json::{Value, json};

use super::CHAT;

#[tokio::test]
async fn probes_and_the_version_need_no_credentials() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let health = nobody.get("/healthz").await.expect_status(200);
    assert_eq!(health.json(), json!({"status": "ok"}));
    let ready = nobody.get("/readyz").await.expect_status(200);
    assert_eq!(ready.json(), json!({"status": "ready"}));
    let version = nobody.get("/v1/version").await.expect_status(200).json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn who_does_not_serve_the_api_answers_operators_only() {
    let app = App::start().await;
    let mut setup = Setup::default();
    setup.roles.api = false;
    let worker = app.second_node_with(setup).await;
    for path in ["/healthz", "/readyz", "/v1/version", "/metrics"] {
        worker.as_nobody().get(path).await.expect_status(200);
    }
    for path in ["/v1/models", "/auth/me", "/openapi.json", "/docs"] {
        let refused = worker.get(path).await.expect_status(404);
        assert_eq!(refused.json()["error"]["code"], "unknown_url", "{path}");
    }
    let before = app.events().await.len();
    worker.post(CHAT, chat("hi")).await.expect_status(404);
    worker
        .post("/auth/guest", json!({}))
        .await
        .expect_status(404);
    assert_eq!(app.events().await.len(), before);
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let app = App::start().await;
    sqlx::query(
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
    )
    .execute(app.pool())
    .await
    .unwrap();
    let refused = app.as_nobody().get("/readyz").await.expect_status(503);
    assert_eq!(refused.json()["error"]["code"], "not_ready");
    let message = refused.json()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("migration"), "{message}");
    app.as_nobody().get("/healthz").await.expect_status(200);
}

#[tokio::test]
async fn the_metrics_have_the_names_that_dashboards_know() {
    let app = App::start().await;
    app.post(CHAT, chat("reply exactly hi"))
        .await
        .expect_status(200);
    app.post(CHAT, streamed("reply exactly hi"))
        .await
        .expect_status(200);
    app.post(CHAT, chat("[fault=500] hi"))
        .await
        .expect_status(502);
    let made_up = Method::from_bytes(b"BREW").unwrap();
    app.raw(made_up, "/v1/models").await.expect_status(405);
    app.settle().await;
    let metrics = app.as_nobody().get("/metrics").await.expect_status(200);
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let names: Vec<&str> = metrics
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    // Appends and conflicts, lag, runs by state, the provider's times, tokens, pool, parked events.
    for name in [
        "gen_ai_client_operation_duration_seconds",
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        "http_server_request_duration_seconds",
        "jan_events_append_conflicts_total",
        "jan_events_append_statements_total",
        "jan_events_appended_total",
        "jan_feed_lag",
        "jan_pool_connections",
        "jan_pool_idle",
        "jan_projection_events_total",
        "jan_projection_lag",
        "jan_projection_page_duration_seconds",
        "jan_projection_parked_total",
        "jan_runs_duration_seconds",
        "jan_runs_ended_total",
        "jan_runs_open",
        "jan_runs_time_to_first_token_seconds",
        "jan_tokens_total",
    ] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }
    assert!(
        !metrics.text().contains("BREW") && metrics.text().contains("\"_OTHER\""),
        "clients make up series"
    );
    assert!(
        !metrics.text().contains("reply exactly"),
        "a prompt is in the metrics"
    );
}

#[tokio::test]
async fn the_documentation_needs_no_network() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    for path in ["/docs", "/docs/", "/api/swagger/"] {
        let sent = nobody.get(path).await.expect_status(307);
        assert_eq!(sent.header("location"), Some("/v1/swagger/"), "{path}");
    }
    let page = nobody.get("/v1/swagger/").await.expect_status(200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let mut parts = 0;
    for word in page.text().split(['"', '\'']) {
        assert!(!word.contains("//"), "the page leads elsewhere: {word}");
        if [".js", ".css", ".png"]
            .iter()
            .any(|kind| word.ends_with(kind))
        {
            let path = format!("/v1/swagger/{}", word.trim_start_matches("./"));
            nobody.get(&path).await.expect_status(200);
            parts += 1;
        }
    }
    assert!(parts >= 3, "{}", page.text());
    let start = nobody
        .get("/v1/swagger/swagger-initializer.js")
        .await
        .expect_status(200);
    assert!(start.text().contains("/openapi.json"), "{}", start.text());
    let document: Value = nobody.get("/openapi.json").await.expect_status(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
}
