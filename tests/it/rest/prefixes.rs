//! Jan's gateway prefixes: the same routes, Jan's shapes.

use jan_tests::app::App;
use jan_tests::given::{chat, streamed};
use serde_json::json;

use super::{CHAT, said, text_of};

#[tokio::test]
async fn the_same_routes_answer_under_every_prefix() {
    let app = App::start().await;
    for prefix in ["", "/llm", "/responses", "/media", "/mcp"] {
        app.get(&format!("{prefix}/healthz"))
            .await
            .expect_status(200);
        let models = app
            .get(&format!("{prefix}/v1/models"))
            .await
            .expect_status(200)
            .json();
        assert_eq!(models["object"], "list", "{prefix}");
        app.get(&format!("{prefix}/auth/me"))
            .await
            .expect_status(200);
    }
    let path = format!("/llm{CHAT}");
    let answer = app
        .post(&path, chat("reply exactly hi"))
        .await
        .expect_status(200);
    assert_eq!(said(&answer.json()), "hi");
    let chunks = app
        .post(&path, streamed("reply exactly hi"))
        .await
        .expect_status(200)
        .sse();
    assert_eq!(text_of(&chunks, 0), "hi");
    let guest = app
        .as_nobody()
        .post("/llm/auth/guest-login", json!({}))
        .await;
    guest.expect_status(201);
}

#[tokio::test]
async fn errors_under_a_prefix_have_jans_shape() {
    let app = App::start().await;
    let path = format!("/llm{CHAT}");
    let cases = [
        (
            app.post(&path, json!({})),
            400,
            "missing_required_parameter",
        ),
        (
            app.post(
                &path,
                json!({"model": "nobody", "messages": [{"role": "user", "content": "x"}]}),
            ),
            404,
            "model_not_found",
        ),
        (
            app.as_nobody().get("/llm/v1/models"),
            401,
            "invalid_api_key",
        ),
        (app.get("/llm/nowhere"), 404, "unknown_url"),
        (app.delete("/llm/healthz"), 405, "method_not_allowed"),
        (
            app.post(&path, chat("[fault=500] hi")),
            502,
            "provider_error",
        ),
    ];
    for (request, status, code) in cases {
        let refused = request
            .header("x-request-id", "r1")
            .await
            .expect_status(status);
        let body = refused.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["request_id"], "r1", "{body}");
        assert!(body["error"].is_string(), "{body}");
        assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
        assert_eq!(refused.header("x-request-id"), Some("r1"));
        assert_eq!(refused.header("content-type"), Some("application/json"));
    }
    let refused = app
        .as_nobody()
        .get("/llm/v1/models")
        .await
        .expect_status(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn only_a_whole_prefix_is_one() {
    let app = App::start().await;
    for path in [
        "/llmx/healthz",
        "/llm",
        "/llm/",
        "/llm/llm/healthz",
        "/LLM/healthz",
        "/v1/llm/healthz",
    ] {
        let refused = app.get(path).await.expect_status(404);
        assert!(refused.text().contains("unknown_url"), "{path}");
    }
}
