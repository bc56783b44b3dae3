//! Messages that are none.

use http::Method;
use jan_tests::app::App;
use serde_json::json;

use super::{MCP, legacy};

#[tokio::test]
async fn what_is_no_message_is_refused_in_the_words_of_the_protocol() {
    let app = App::start().await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let batch = serde_json::Value::Array(vec![ping; 1_000]).to_string();
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("{\"jsonrpc\": \"2.0\", \"method\": \"a\\u0000\"}", -32700),
        (deep.as_str(), -32700),
        ("[]", -32600),
        (batch.as_str(), -32600),
        ("{}", -32600),
        (
            r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#,
            -32600,
        ),
        (r#"{"jsonrpc": "2.0", "id": [1], "method": "ping"}"#, -32600),
        (
            r#"{"jsonrpc": "2.0", "id": 18446744073709551615, "method": "ping"}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": 5}"#,
            -32600,
        ),
        (r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#, -32600),
    ] {
        let answer = app.raw(Method::POST, MCP).body(body.to_owned()).await;
        let told = answer.expect_status(400).json();
        assert_eq!(told["error"]["code"], code, "{body:.100}");
    }
}

#[tokio::test]
async fn what_does_not_fit_a_method_is_an_error_of_the_protocol() {
    let app = App::start().await;
    for (method, params) in [
        ("no/such", json!({})),
        ("tools/call", json!({})),
        ("tools/call", json!({"name": 5})),
        ("tools/call", json!({"name": "echo", "arguments": "text"})),
        ("resources/read", json!({})),
        ("completion/complete", json!({})),
        ("logging/setLevel", json!({"level": "debug"})),
        (
            "resources/subscribe",
            json!({"uri": "jan://conversations/conv_1"}),
        ),
        ("sampling/createMessage", json!({})),
    ] {
        let told = legacy(&app, method, &params)
            .await
            .expect_status(200)
            .json();
        let code = told["error"]["code"].as_i64();
        assert!(matches!(code, Some(-32602 | -32601)), "{method}: {told}");
    }
    assert_eq!(app.tools().ledger().entries().len(), 0);
}

#[tokio::test]
async fn bodies_of_other_kinds_are_refused() {
    let app = App::start().await;
    let message = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    let form = app.raw(Method::POST, MCP).body(message);
    let form = form
        .without("content-type")
        .header("content-type", "text/plain");
    form.await.expect_status(415);
    let page = app
        .raw(Method::POST, MCP)
        .body(message)
        .header("accept", "text/html");
    page.await.expect_status(406);
}
