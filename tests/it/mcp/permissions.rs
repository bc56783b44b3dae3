//! Which tools a caller may use: asked on the list, and again on the call.

use std::collections::BTreeSet;

use jan_domain::tool_permissions::{ToolAllowance, ToolPermissions};
use jan_tests::app::{App, Setup};
use jan_tests::given::MODEL;
use serde_json::json;

use super::{call, error_of, legacy, names, result_of};

fn only(names: &[&str]) -> ToolAllowance {
    let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    ToolAllowance::only(names)
}

async fn start(everyone: ToolAllowance, guests: ToolAllowance) -> App {
    let setup = Setup {
        tool_permissions: ToolPermissions { everyone, guests },
        ..Setup::default()
    };
    App::start_with(setup).await
}

#[tokio::test]
async fn what_a_guest_may_not_use_is_neither_listed_nor_called() {
    let app = start(
        only(&["echo", "charge", "add"]),
        only(&["echo", "charge", "note"]),
    )
    .await;
    let listed = result_of(legacy(&app, "tools/list", &json!({}))).await;
    assert_eq!(names(&listed["tools"]), ["echo", "charge"]);
    result_of(call(&app, "charge", &json!({"amount": 1}))).await;
    for tool in ["add", "note", "slow"] {
        let (code, words) = error_of(call(&app, tool, &json!({}))).await;
        assert_eq!((code, words), (-32602, format!("Unknown tool: {tool}")));
    }
    assert_eq!(app.tools().ledger().entries().len(), 1);
}

#[tokio::test]
async fn a_guest_that_may_only_read_is_offered_what_reads() {
    let app = start(ToolAllowance::default(), ToolAllowance::read_only()).await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(names(&listed["tools"]), ["echo", "add", "slow", "big"]);
    error_of(call(&app, "charge", &json!({"amount": 1}))).await;
    assert_eq!(app.tools().ledger().effects("charge"), 0);
}

#[tokio::test]
async fn the_same_holds_for_a_model_that_works_for_it() {
    let app = start(ToolAllowance::default(), only(&["echo"])).await;
    // Under Jan's prefix, a model is offered all tools of the deployment.
    for (said, tool) in [
        ("call tool echo with {\"text\": \"tea\"}", "echo"),
        ("call tool charge with {\"amount\": 5}", "charge"),
    ] {
        let body = json!({"model": MODEL, "input": said});
        let answer = app.post("/responses/v1/responses", body).await;
        answer.expect_status(200);
        let called = app.tools().ledger().entries();
        let called = called.iter().filter(|entry| entry.tool == tool).count();
        assert_eq!(called, usize::from(tool == "echo"), "{tool}");
    }
}
