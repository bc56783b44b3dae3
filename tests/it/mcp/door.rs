//! Who is let in.

use jan_domain::ports::TOOL_DEPTH_HEADER;
use jan_infra::config::McpSettings;
use jan_tests::app::{App, Setup};
use jan_tests::request::Request;
use serde_json::{Value, json};

use super::{MCP, error_of, legacy, names, result_of};

const DOCUMENT: &str = "/.well-known/oauth-protected-resource";

fn closed() -> Setup {
    let mut setup = Setup::default();
    setup.mcp.open = Some(false);
    setup
}

fn list(app: &App) -> Request {
    legacy(app, "tools/list", &json!({}))
}

#[tokio::test]
async fn whoever_has_no_token_is_told_where_tokens_come_from() {
    let app = App::start_with(closed()).await;
    let strangers = [app.as_nobody(), app.with_token("no.such.token")];
    for stranger in &strangers {
        for path in ["/mcp", MCP] {
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
            let answer = stranger.post(path, message).await.expect_status(401);
            let base = "http://127.0.0.1:8000";
            let wanted = format!("Bearer resource_metadata=\"{base}{DOCUMENT}{path}\"");
            assert_eq!(answer.header("www-authenticate"), Some(wanted.as_str()));
        }
        let listed = stranger.get("/v1/mcp/tools").await.expect_status(401);
        assert!(
            listed
                .header("www-authenticate")
                .unwrap()
                .contains(DOCUMENT)
        );
    }
}

#[tokio::test]
async fn the_document_names_the_endpoint_and_who_gives_out_tokens() {
    let app = App::start_with(closed()).await;
    let nobody = app.as_nobody();
    for (path, resource) in [
        (DOCUMENT.to_owned(), "http://127.0.0.1:8000/mcp"),
        (format!("{DOCUMENT}/mcp"), "http://127.0.0.1:8000/mcp"),
        (format!("{DOCUMENT}/v1/mcp"), "http://127.0.0.1:8000/v1/mcp"),
    ] {
        let told = nobody.get(&path).await.expect_status(200).json();
        assert_eq!(told["resource"], resource);
        assert_eq!(
            told["authorization_servers"],
            json!(["http://127.0.0.1:8000"])
        );
    }
    let other = nobody.get(&format!("{DOCUMENT}/elsewhere")).await;
    other.expect_status(404);
}

#[tokio::test]
async fn without_a_token_one_may_read_where_the_operator_allows_it() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let listed = result_of(legacy(&nobody, "tools/list", &json!({}))).await;
    assert_eq!(names(&listed["tools"]), ["echo", "add", "slow", "big"]);
    let shown = nobody.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(shown["tools"], listed["tools"]);
    let call = json!({"name": "echo", "arguments": {"text": "tea"}});
    let told = result_of(legacy(&nobody, "tools/call", &call)).await;
    assert_eq!(told["content"][0]["text"], "tea");
    let call = json!({"name": "charge", "arguments": {"amount": 5}});
    let (code, words) = error_of(legacy(&nobody, "tools/call", &call)).await;
    assert_eq!((code, words.as_str()), (-32602, "Unknown tool: charge"));
    assert_eq!(app.tools().ledger().effects("charge"), 0);
    // A token that is not valid is not the same as none.
    let stranger = app.with_token("no.such.token");
    legacy(&stranger, "tools/list", &json!({}))
        .await
        .expect_status(401);
}

#[tokio::test]
async fn a_page_of_the_web_is_kept_out() {
    let app = App::start().await;
    for origin in [
        "https://evil.example",
        "null",
        "http://jan.test.evil.example",
    ] {
        list(&app).header("origin", origin).await.expect_status(403);
        let tools = app.get("/v1/mcp/tools").header("origin", origin);
        tools.await.expect_status(403);
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:6274"] {
        list(&app).header("origin", origin).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_name_that_was_pointed_here_is_not_answered() {
    let app = App::start().await;
    for host in ["evil.example", "jan.test.evil.example", "169.254.169.254"] {
        let request = list(&app).without("host").header("host", host);
        let told = request.await.expect_status(403).json();
        assert_eq!(told["error"]["code"], "host_not_allowed");
    }
    let request = list(&app).without("host").header("host", "jan.test:8443");
    request.await.expect_status(200);
}

#[tokio::test]
async fn a_tool_host_may_not_come_in() {
    let app = App::start().await;
    for depth in ["1", "0", ""] {
        let told = list(&app).header(TOOL_DEPTH_HEADER, depth).await;
        assert_eq!(told.expect_status(508).json()["error"]["code"], "tool_loop");
    }
    assert_eq!(app.tools().ledger().entries().len(), 0);
}

#[tokio::test]
async fn a_message_has_a_size() {
    let mut setup = Setup::default();
    setup.mcp = McpSettings {
        body_bytes_max: 1_000,
        ..setup.mcp
    };
    let app = App::start_with(setup).await;
    let call = |text: String| {
        let params = json!({"name": "echo", "arguments": {"text": text}});
        legacy(&app, "tools/call", &params)
    };
    result_of(call("a".repeat(500))).await;
    call("a".repeat(1_000)).await.expect_status(413);
}

#[tokio::test]
async fn jan_finds_the_endpoint_under_its_prefix() {
    let app = App::start().await;
    let message: Value = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list"});
    for path in ["/mcp", "/v1/mcp", "/mcp/v1/mcp", "/mcp/mcp"] {
        let told = app.post(path, message.clone()).await.expect_status(200);
        assert_eq!(told.json()["id"], 7, "{path}");
    }
    let listed = app.get("/mcp/v1/mcp/tools").await.expect_status(200);
    assert_eq!(listed.json()["tools"].as_array().unwrap().len(), 7);
}
