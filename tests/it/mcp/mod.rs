//! The MCP endpoint as its clients see it.

mod calls;
mod code;
mod code_sessions;
mod door;
mod eras;
mod messages;
mod own_client;
mod permissions;
mod prompts;
mod resources;

use jan_tests::app::App;
use jan_tests::request::{Client, Request};
use serde_json::{Value, json};

const MCP: &str = "/v1/mcp";
const MODERN: &str = "2026-07-28";

/// A message of the legacy era, as Jan's own clients send it: no session, no handshake.
fn legacy(client: &Client, method: &str, params: &Value) -> Request {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    client.post(MCP, message).header("accept", "*/*")
}

/// A message of the modern era: everything it needs is with it.
fn modern(client: &Client, method: &str, params: &Value) -> Request {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    });
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = client
        .post(MCP, message)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", method);
    let named = ["name", "uri"].iter().find_map(|key| params[key].as_str());
    match named {
        Some(name) => request.header("mcp-name", name),
        None => request,
    }
}

/// A call of a tool in the legacy era.
fn call(client: &Client, tool: &str, arguments: &Value) -> Request {
    legacy(
        client,
        "tools/call",
        &json!({"name": tool, "arguments": arguments}),
    )
}

/// What a request gives, which must be a result.
async fn result_of(request: Request) -> Value {
    let mut told = request.await.expect_status(200).json();
    assert!(told["error"].is_null(), "{told}");
    told["result"].take()
}

/// What a request gives, which must be an error: its code and words.
async fn error_of(request: Request) -> (i64, String) {
    let told = request.await.json();
    let error = &told["error"];
    let code = error["code"].as_i64().unwrap_or_else(|| panic!("{told}"));
    (code, error["message"].as_str().unwrap().to_owned())
}

/// The names of what a list holds.
fn names(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

/// The ids of the runs on record, oldest first.
async fn runs(app: &App) -> Vec<String> {
    let events = app.events().await.into_iter();
    let begun = events.filter(|event| event.event_type == "ResponseRequested");
    begun.map(|event| event.aggregate_id).collect()
}
