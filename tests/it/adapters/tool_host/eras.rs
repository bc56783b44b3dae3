//! What goes over the wire in either era, and how long an understanding is kept.

use std::time::Duration;

use jan_domain::ports::{TOOL_DEPTH_HEADER, ToolResult};
use jan_infra::tools::{ToolLimits, ToolSettings};
use jan_tests::scripted_tools::{Era, Options, ScriptedTools};
use serde_json::json;

use super::{named, settings};

fn of(era: Era) -> Options {
    Options {
        era,
        ..Options::default()
    }
}

/// The values of a header over all requests, where it is there.
fn values(tools: &ScriptedTools, name: &str) -> Vec<String> {
    let requests = tools.headers().into_iter().flatten();
    requests
        .filter(|(header, _)| header == name)
        .map(|(_, value)| value)
        .collect()
}

#[tokio::test]
async fn a_server_that_speaks_both_is_spoken_to_in_the_newer() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    subject.call("echo", json!({"text": "a"})).await.unwrap();
    assert_eq!(
        values(&tools, "mcp-method"),
        ["server/discover", "tools/call"]
    );
    assert_eq!(values(&tools, "mcp-name"), ["echo"]);
    assert_eq!(values(&tools, "mcp-protocol-version"), ["2026-07-28"; 2]);
    assert_eq!(values(&tools, "mcp-session-id"), [""; 0]);
}

#[tokio::test]
async fn an_older_server_is_understood_too() {
    let (tools, subject) = named(of(Era::Legacy), &settings()).await;
    subject.call("echo", json!({"text": "a"})).await.unwrap();
    assert!(!values(&tools, "mcp-session-id").is_empty());
    assert!(values(&tools, "mcp-protocol-version").contains(&"2025-11-25".to_owned()));
}

#[tokio::test]
async fn every_request_tells_its_depth_and_the_call_its_key() {
    for era in [Era::Modern, Era::Legacy] {
        let (tools, subject) = named(of(era), &settings()).await;
        subject
            .call_as("step_7", "echo", json!({"text": "a"}))
            .await
            .unwrap();
        let requests = tools.headers().len();
        assert_eq!(values(&tools, TOOL_DEPTH_HEADER), vec!["1"; requests]);
        assert_eq!(values(&tools, "idempotency-key"), ["step_7"]);
        assert_eq!(values(&tools, "traceparent").len(), 1);
    }
}

#[tokio::test]
async fn an_understanding_serves_many_calls() {
    for era in [Era::Modern, Era::Legacy] {
        let (tools, subject) = named(of(era), &settings()).await;
        for _ in 0..5 {
            subject.call("echo", json!({"text": "a"})).await.unwrap();
            subject.list().await.unwrap();
        }
        assert_eq!(tools.openings(), 1);
    }
}

#[tokio::test]
async fn an_unused_understanding_is_let_go() {
    let limits = ToolLimits {
        session_idle: Duration::from_millis(100),
        ..ToolLimits::default()
    };
    let settings = ToolSettings {
        limits,
        ..settings()
    };
    let (tools, subject) = named(of(Era::Legacy), &settings).await;
    subject.call("echo", json!({"text": "a"})).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    subject.call("slow", json!({"ms": 400})).await.unwrap();
    assert_eq!(tools.openings(), 2);
}

#[tokio::test]
async fn a_call_into_a_forgotten_session_is_made_in_a_new_one() {
    let (tools, subject) = named(of(Era::Legacy), &settings()).await;
    subject.call("echo", json!({"text": "a"})).await.unwrap();
    tools.expire_sessions();
    let charged = subject.call("charge", json!({"amount": 3})).await;
    assert_eq!(charged, Ok(ToolResult::text("charged 3")));
    assert_eq!(tools.ledger().effects("charge"), 1);
    assert_eq!(tools.openings(), 2);
}
