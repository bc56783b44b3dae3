//! Calls of tools on record.

use std::time::Duration;

use futures::future::join_all;
use jan_tests::app::{App, Setup, told_by};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{MCP, call, result_of, runs};

fn kinds(events: &[jan_projections::StoredEvent]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event.event_type.as_str());
    kinds.collect()
}

#[tokio::test]
async fn a_call_is_a_run_on_record_that_asked_no_model() {
    let app = App::start().await;
    let told = result_of(call(&app, "charge", &json!({"amount": 5}))).await;
    assert_eq!(
        told["content"],
        json!([{"type": "text", "text": "charged 5"}])
    );
    let [id] = runs(&app).await.try_into().unwrap();
    let events = app.events_of(&id).await;
    assert_eq!(
        kinds(&events),
        [
            "ResponseRequested",
            "ResponseStepPlanned",
            "ResponseStepSucceeded",
            "ResponseCompleted"
        ]
    );
    let requested = told_by(&events[0]);
    assert_eq!(requested["call"]["surface"], "mcp");
    assert_eq!(requested["call"]["retention"], "recorded");
    assert_eq!(requested["call"]["run"]["tools_only"], true);
    let planned = &told_by(&events[1])["step"]["work"]["call_tool"];
    assert_eq!(
        (&planned["tool"], &planned["effect"]),
        (&json!("charge"), &json!("unsafe"))
    );
    assert_eq!(planned["arguments"], r#"{"amount":5}"#);
    let step = told_by(&events[2]);
    assert_eq!(step["outcome"]["returned"]["output"], "charged 5");
    assert!(step["took_ms"].is_u64());
    let ended = &told_by(&events[3])["answer"]["body"][0];
    assert_eq!(
        (&ended["type"], &ended["output"]),
        (&json!("mcp_call"), &json!("charged 5"))
    );
    assert_eq!(app.model().requests().len(), 0);
    assert_eq!(app.tools().ledger().effects("charge"), 1);
}

#[tokio::test]
async fn it_is_in_nobodys_list_of_responses_and_costs_no_tokens() {
    let app = App::start().await;
    result_of(call(&app, "echo", &json!({"text": "a"}))).await;
    let [id] = runs(&app).await.try_into().unwrap();
    let listed = app.get("/v1/responses").await.expect_status(200).json();
    assert_eq!(listed["data"], json!([]));
    app.get(&format!("/v1/responses/{id}"))
        .await
        .expect_status(404);
    app.delete(&format!("/v1/responses/{id}"))
        .await
        .expect_status(404);
}

#[tokio::test]
async fn what_a_tool_says_of_its_failure_is_a_result() {
    let app = App::start().await;
    let told = result_of(call(&app, "fail", &json!({"message": "no milk"}))).await;
    assert_eq!(
        (&told["isError"], &told["content"][0]["text"]),
        (&json!(true), &json!("no milk"))
    );
    for (fault, words) in [
        ("cut", "the tool server hung up in the middle of the call"),
        (
            "rpc_error",
            "the tool server refused the call: the script says no",
        ),
        (
            "garbage",
            "the tool server's answer could not be understood",
        ),
    ] {
        let told = result_of(call(&app, "echo", &json!({"text": "a", "fault": fault}))).await;
        assert_eq!(told["isError"], true);
        assert_eq!(told["content"][0]["text"], words);
    }
    for id in runs(&app).await {
        let events = app.events_of(&id).await;
        assert_eq!(events.last().unwrap().event_type, "ResponseCompleted");
    }
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_an_error_and_on_record() {
    let setup = Setup {
        tool_timeout: Duration::from_millis(300),
        ..Setup::default()
    };
    let app = App::start_with(setup).await;
    let told = result_of(call(&app, "slow", &json!({"ms": 60_000}))).await;
    assert_eq!(told["isError"], true);
    assert_eq!(told["content"][0]["text"], "the tool took too long");
    let [id] = runs(&app).await.try_into().unwrap();
    let failed = app.until_recorded(&id, "ResponseStepFailed").await;
    assert_eq!(failed["failure"]["code"], "timed_out");
}

#[tokio::test]
async fn a_tool_that_does_not_exist_leaves_no_trace() {
    let app = App::start().await;
    let (code, words) = super::error_of(call(&app, "nothing", &json!({}))).await;
    assert_eq!((code, words.as_str()), (-32602, "Unknown tool: nothing"));
    assert_eq!(runs(&app).await.len(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_call() {
    let app = App::start().await;
    let live = app.live().await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "slow", "arguments": {"ms": 60_000}}});
    let asking = live.post(MCP, &message);
    let left = timeout(Duration::from_millis(700), asking).await;
    assert!(left.is_err(), "nobody waits for a minute");
    app.tools().ledger().until_abandoned(1).await;
    let [id] = runs(&app).await.try_into().unwrap();
    let ending = app.until_recorded(&id, "ResponseIncomplete").await;
    assert_eq!(ending["reason"], "client_disconnected");
}

#[tokio::test]
async fn a_caller_has_so_many_calls_under_way_and_no_more() {
    let setup = Setup {
        direct_calls_max: 2,
        ..Setup::default()
    };
    let app = App::start_with(setup).await;
    let slow = || result_of(call(&app, "slow", &json!({"ms": 400})));
    let other = app.guest().await;
    let calls = join_all([slow(), slow(), slow(), slow()]);
    let (told, others) = tokio::join!(calls, result_of(call(&other, "slow", &json!({"ms": 400}))));
    let refused = told.iter().filter(|told| told["isError"] == true);
    let words: Vec<&Value> = refused.map(|told| &told["content"][0]["text"]).collect();
    assert_eq!(
        words,
        ["you have as many tool calls under way as you may"; 2]
    );
    assert_eq!(others["content"][0]["text"], "awake");
    assert_eq!(slow().await["content"][0]["text"], "awake");
}

#[tokio::test]
async fn answers_go_to_who_asked() {
    let app = App::start().await;
    let clients = join_all((0..8).map(|_| app.guest())).await;
    let asked = clients.iter().enumerate().flat_map(|(who, client)| {
        (0..5).map(move |number| {
            let text = format!("{who}-{number}");
            let request = call(client, "echo", &json!({ "text": text }));
            async move { (text, result_of(request).await) }
        })
    });
    for (text, told) in join_all(asked).await {
        assert_eq!(told["content"][0]["text"], text);
    }
    assert_eq!(runs(&app).await.len(), 40);
}
