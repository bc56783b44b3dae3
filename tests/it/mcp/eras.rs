//! Both eras on one URL, without sessions.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::{MCP, error_of, legacy, modern, names, result_of};

const TOOLS: [&str; 7] = ["echo", "add", "note", "charge", "slow", "fail", "big"];

#[tokio::test]
async fn a_client_that_shakes_hands_is_served_without_a_session() {
    let app = App::start().await;
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"}});
    let answer = legacy(&app, "initialize", &hello).await.expect_status(200);
    assert_eq!(answer.header("mcp-session-id"), None);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told = answer.json();
    assert_eq!(told["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(told["result"]["serverInfo"]["name"], "jan-server");
    let capabilities = &told["result"]["capabilities"];
    for capability in ["tools", "resources", "prompts"] {
        assert!(capabilities[capability].is_object(), "{capabilities}");
    }
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    app.post(MCP, ready).await.expect_status(202);
    assert_eq!(result_of(legacy(&app, "ping", &json!({}))).await, json!({}));
}

#[tokio::test]
async fn a_client_that_says_nothing_first_is_served_too() {
    let app = App::start().await;
    let listed = result_of(legacy(&app, "tools/list", &json!({}))).await;
    assert_eq!(names(&listed["tools"]), TOOLS);
    assert!(listed["resultType"].is_null(), "{listed}");
    let echo = &listed["tools"][0];
    assert_eq!(echo["inputSchema"]["type"], "object");
    assert_eq!(echo["annotations"], json!({"readOnlyHint": true}));
    assert_eq!(
        listed["tools"][1]["outputSchema"]["required"],
        json!(["sum"])
    );
}

#[tokio::test]
async fn a_modern_client_discovers_and_lists() {
    let app = App::start().await;
    let told = result_of(modern(&app, "server/discover", &json!({}))).await;
    let versions = told["supportedVersions"].as_array().unwrap();
    for version in ["2025-11-25", "2026-07-28"] {
        assert!(versions.contains(&json!(version)), "{told}");
    }
    let listed = result_of(modern(&app, "tools/list", &json!({}))).await;
    assert_eq!(names(&listed["tools"]), TOOLS);
    assert_eq!(listed["resultType"], "complete");
    assert_eq!(listed["cacheScope"], "private");
    assert!(listed["ttlMs"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_structured_result_is_structured_in_either_era() {
    let app = App::start().await;
    let params = json!({"name": "add", "arguments": {"a": 2, "b": 3}});
    for request in [
        legacy(&app, "tools/call", &params),
        modern(&app, "tools/call", &params),
    ] {
        let told = result_of(request).await;
        assert_eq!(told["structuredContent"], json!({"sum": 5.0}));
        assert_eq!(told["isError"], false);
        let text = told["content"][0]["text"].as_str().unwrap();
        let text: Value = serde_json::from_str(text).unwrap();
        assert_eq!(text, told["structuredContent"]);
    }
}

#[tokio::test]
async fn a_modern_client_is_held_to_its_headers() {
    let app = App::start().await;
    let params = json!({"name": "echo", "arguments": {"text": "a"}});
    let wrong = [
        modern(&app, "tools/call", &params).without("mcp-name"),
        modern(&app, "tools/call", &params).without("mcp-method"),
        modern(&app, "tools/call", &params)
            .without("mcp-name")
            .header("mcp-name", "charge"),
        modern(&app, "tools/call", &params).without("mcp-protocol-version"),
    ];
    for request in wrong {
        let answer = request.await.expect_status(400).json();
        assert_eq!(answer["error"]["code"], -32020, "{answer}");
    }
    let unknown = modern(&app, "no/such", &json!({})).await;
    assert_eq!(unknown.expect_status(404).json()["error"]["code"], -32601);
    assert_eq!(app.tools().ledger().entries().len(), 0);
}

#[tokio::test]
async fn a_list_of_one_page_has_no_second() {
    let app = App::start().await;
    for method in ["tools/list", "prompts/list", "resources/templates/list"] {
        let request = legacy(&app, method, &json!({"cursor": "x"}));
        assert_eq!(error_of(request).await.0, -32602, "{method}");
    }
}

#[tokio::test]
async fn there_is_nothing_to_get_or_delete() {
    let app = App::start().await;
    for path in [MCP, "/mcp"] {
        app.get(path).await.expect_status(405);
        app.delete(path).await.expect_status(405);
    }
}
