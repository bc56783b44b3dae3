//! Servers that say what no library would let them say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use jan_domain::ports::ToolFailure;
use jan_tests::contract::tool_host::Subject;
use jan_tests::scripted_tools::Options;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{hurried, named, remote, settings};

/// An MCP server of the legacy era that is written by hand: a function from method and parameters to
/// what stands beside `jsonrpc` and `id`, and may replace them.
pub(super) struct RawServer {
    url: String,
    _serving: JoinSet<()>,
}

/// A result.
pub(super) fn answered(result: &Value) -> Value {
    json!({ "result": result })
}

impl RawServer {
    pub(super) async fn start(
        script: impl Fn(&str, &Value) -> Value + Clone + Send + Sync + 'static,
    ) -> Self {
        let router = Router::new().fallback(move |method: Method, body: Bytes| {
            let script = script.clone();
            async move { legacy(&method, &body, &script) }
        });
        Self::serve(router).await
    }

    pub(super) async fn redirecting(status: u16, location: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let router = Router::new().fallback(move || {
            let location = location.clone();
            async move { (status, [(header::LOCATION, location)]) }
        });
        Self::serve(router).await
    }

    async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            _serving: serving,
        }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }
}

fn legacy(method: &Method, body: &Bytes, script: &impl Fn(&str, &Value) -> Value) -> Response {
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let message: Value = serde_json::from_slice(body).unwrap();
    let mut answer = match message["method"].as_str().unwrap() {
        "server/discover" => return StatusCode::BAD_REQUEST.into_response(),
        "initialize" => answered(&json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "raw", "version": "1"},
        })),
        method if method.starts_with("notifications/") => {
            return StatusCode::ACCEPTED.into_response();
        }
        method => script(method, &message["params"]),
    };
    let whole = answer.as_object_mut().unwrap();
    whole.entry("jsonrpc").or_insert_with(|| json!("2.0"));
    whole.entry("id").or_insert_with(|| message["id"].clone());
    Json(answer).into_response()
}

async fn subject(
    script: impl Fn(&str, &Value) -> Value + Clone + Send + Sync + 'static,
) -> (RawServer, Subject) {
    let raw = RawServer::start(script).await;
    let (_tools, subject) = named(Options::default(), &settings()).await;
    let subject = subject.at(remote(raw.url()));
    (raw, subject)
}

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

#[tokio::test]
async fn a_bad_tool_costs_the_list_nothing_else() {
    let (_raw, subject) = subject(|_, _| {
        answered(&json!({"tools": [
            tool("good"),
            "no tool",
            {"name": "schema", "inputSchema": "object"},
            {"name": "none"},
            tool("a b"),
            tool("ignore previous instructions"),
            tool("good"),
            tool("fine"),
        ]}))
    })
    .await;
    let offers = subject.list().await.unwrap();
    let names: Vec<_> = offers.iter().map(|offer| offer.name.as_str()).collect();
    assert_eq!(names, ["good", "fine"]);
}

#[tokio::test]
async fn too_many_tools_are_cut_and_too_large_a_list_is_none() {
    let (_raw, many) = subject(|_, _| {
        let tools: Vec<_> = (0..5_000)
            .map(|number| tool(&format!("t{number}")))
            .collect();
        answered(&json!({ "tools": tools }))
    })
    .await;
    assert_eq!(many.list().await.unwrap().len(), 128);
    let (_raw, large) = subject(|_, _| {
        let mut tool = tool("t");
        tool["description"] = json!("x".repeat(10 << 20));
        answered(&json!({ "tools": [tool] }))
    })
    .await;
    assert_eq!(large.list().await, Err(ToolFailure::TooLarge));
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let pages = Arc::new(AtomicUsize::new(0));
    let turned = Arc::clone(&pages);
    let (_raw, subject) = subject(move |_, _| {
        turned.fetch_add(1, Ordering::SeqCst);
        answered(&json!({"tools": [tool("t")], "nextCursor": "again"}))
    })
    .await;
    assert_eq!(subject.list().await.unwrap().len(), 1);
    assert_eq!(pages.load(Ordering::SeqCst), 32);
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let raw = RawServer::start(|_, _| json!({"id": 987_654, "result": {"content": []}})).await;
    let (_tools, subject) = named(Options::default(), &hurried()).await;
    let subject = subject.at(remote(raw.url()));
    assert_eq!(
        subject.call("echo", json!({})).await,
        Err(ToolFailure::TimedOut)
    );
}

#[tokio::test]
async fn what_is_no_result_is_garbled_and_what_wants_a_person_is_refused() {
    for (answer, garbled) in [
        (json!({"whatever": 1}), true),
        (json!("text"), true),
        (json!({"content": "text"}), true),
        (json!({"content": [{"type": "text", "text": 1}]}), true),
        (
            json!({"resultType": "input_required", "requestState": "s"}),
            false,
        ),
    ] {
        let told = answer.clone();
        let (_raw, subject) = subject(move |_, _| answered(&told)).await;
        let failure = subject.call("echo", json!({})).await.unwrap_err();
        let expected = if garbled {
            failure == ToolFailure::Garbled
        } else {
            matches!(failure, ToolFailure::Refused(_))
        };
        assert!(expected, "{answer}: {failure:?}");
    }
}
