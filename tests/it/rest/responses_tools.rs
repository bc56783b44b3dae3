//! Responses that use tools on the server.

use jan_tests::app::App;
use jan_tests::given::with;
use serde_json::{Value, json};

use super::kinds_of;
use super::responses::{RESPONSES, output_text, response};

/// The scripted tools as a server of the caller's.
pub(super) fn server(approval: &str) -> Value {
    json!({"type": "mcp", "server_label": "docs", "server_url": "https://docs.example/mcp",
        "authorization": "tok-1", "require_approval": approval})
}

pub(super) fn with_tools(said: &str, approval: &str) -> Value {
    with(response(said), json!({"tools": [server(approval)]}))
}

fn types(told: &Value) -> Vec<&str> {
    let items = told["output"].as_array().into_iter().flatten();
    items.filter_map(|item| item["type"].as_str()).collect()
}

#[tokio::test]
async fn a_tool_is_called_and_the_model_told() {
    let app = App::start().await;
    let body = with_tools("call tool docs__echo with {\"text\": \"tea\"}", "never");
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(types(&told), ["mcp_list_tools", "mcp_call", "message"]);
    let call = &told["output"][1];
    assert_eq!(
        (
            &call["name"],
            &call["server_label"],
            &call["output"],
            &call["error"]
        ),
        (&json!("echo"), &json!("docs"), &json!("tea"), &Value::Null)
    );
    assert_eq!(output_text(&told), "tool said: tea");
    assert!(!told.to_string().contains("tok-1"));
    let id = told["id"].as_str().unwrap();
    let recorded = app.events_of(id).await;
    assert_eq!(
        kinds_of(&recorded),
        [
            "ResponseRequested",
            "ResponseStepPlanned",
            "ResponseStepSucceeded",
            "ResponseStepPlanned",
            "ResponseStepSucceeded",
            "ResponseStepPlanned",
            "ResponseStepSucceeded",
            "ResponseStepPlanned",
            "ResponseCompleted",
        ]
    );
    assert!(
        recorded
            .iter()
            .all(|event| !event.payload.contains("tok-1"))
    );
    let steps = app
        .get(&format!("{RESPONSES}/{id}/steps"))
        .await
        .expect_status(200)
        .json();
    let kinds: Vec<_> = steps["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tool_list", "inference", "tool_call", "inference"]);
    assert_eq!(steps["depth"], 1);
}

#[tokio::test]
async fn parallel_calls_run_together_and_a_failing_one_is_told_to_the_model() {
    let app = App::start().await;
    let said = "call tool docs__slow with {\"ms\": 300}\n\
        call tool docs__slow with {\"ms\": 301}\n\
        call tool docs__fail with {\"message\": \"no milk\"}";
    let begun = std::time::Instant::now();
    let told = app
        .post(RESPONSES, with_tools(said, "never"))
        .await
        .expect_status(200)
        .json();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(
        types(&told),
        [
            "mcp_list_tools",
            "mcp_call",
            "mcp_call",
            "mcp_call",
            "message"
        ]
    );
    assert_eq!(told["output"][3]["status"], "failed");
    assert_eq!(
        told["output"][3]["error"],
        json!({"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "no milk"}]})
    );
    assert!(output_text(&told).contains("no milk"), "{told}");
}

#[tokio::test]
async fn an_approval_is_asked_for_given_and_used_once() {
    let app = App::start().await;
    let said = "call tool docs__charge with {\"amount\": 5}";
    let asked = app
        .post(RESPONSES, with_tools(said, "always"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(types(&asked), ["mcp_list_tools", "mcp_approval_request"]);
    assert_eq!(asked["status"], "completed");
    assert_eq!(app.tools().ledger().effects("charge"), 0);
    let given = json!([{"type": "mcp_approval_response", "approve": true,
        "approval_request_id": asked["output"][1]["id"]}]);
    let body = with(
        with_tools("", "always"),
        json!({"input": given, "previous_response_id": asked["id"]}),
    );
    let told = app
        .post(RESPONSES, body.clone())
        .await
        .expect_status(200)
        .json();
    assert_eq!(types(&told), ["mcp_list_tools", "mcp_call", "message"]);
    assert_eq!(
        told["output"][1]["approval_request_id"],
        asked["output"][1]["id"]
    );
    assert_eq!(app.tools().ledger().effects("charge"), 1);
    let again = with(body, json!({"previous_response_id": told["id"]}));
    app.post(RESPONSES, again).await.expect_status(400);
    assert_eq!(app.tools().ledger().effects("charge"), 1);
}

#[tokio::test]
async fn a_call_that_is_not_approved_is_told_to_the_model() {
    let app = App::start().await;
    let said = "call tool docs__charge with {\"amount\": 5}";
    let asked = app.post(RESPONSES, with_tools(said, "always")).await.json();
    let given = json!([
        {"type": "mcp_approval_response", "approve": false, "reason": "too dear",
            "approval_request_id": asked["output"][1]["id"]},
        {"role": "user", "content": "echo prompt"}]);
    let body = with(
        with_tools("", "always"),
        json!({"input": given, "previous_response_id": asked["id"]}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert!(output_text(&told).contains("too dear"), "{told}");
    assert_eq!(app.tools().ledger().effects("charge"), 0);
}

#[tokio::test]
async fn a_run_that_never_stops_calling_ends_at_its_depth() {
    let app = App::start().await;
    let said = "always call tool docs__echo with {\"text\": \"x\"}";
    let told = app
        .post(RESPONSES, with_tools(said, "never"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(told["status"], "incomplete");
    assert_eq!(
        told["incomplete_details"],
        json!({"reason": "max_tool_depth"})
    );
    assert_eq!(app.tools().ledger().entries().len(), 8);
}

#[tokio::test]
async fn a_run_that_never_stops_calling_ends_although_its_calls_are_used_up() {
    let app = App::start().await;
    let said = "always call tool docs__echo with {\"text\": \"x\"}";
    let body = with(with_tools(said, "never"), json!({"max_tool_calls": 2}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(told["status"], "incomplete");
    assert_eq!(app.tools().ledger().entries().len(), 2);
}

#[tokio::test]
async fn functions_go_back_to_the_client() {
    let app = App::start().await;
    let function = json!({"type": "function", "name": "brew", "parameters": {"type": "object"}});
    let body = with(
        response("call tool brew with {\"cups\": 2}"),
        json!({"tools": [function]}),
    );
    let told = app
        .post(RESPONSES, body.clone())
        .await
        .expect_status(200)
        .json();
    assert_eq!(types(&told), ["function_call"]);
    let call = &told["output"][0];
    assert_eq!(call["arguments"], "{\"cups\": 2}");
    let unanswered = with(response("hi"), json!({"previous_response_id": told["id"]}));
    app.post(RESPONSES, unanswered).await.expect_status(400);
    let output =
        json!([{"type": "function_call_output", "call_id": call["call_id"], "output": "hot"}]);
    let next = with(
        body,
        json!({"input": output, "previous_response_id": told["id"]}),
    );
    let told = app.post(RESPONSES, next).await.expect_status(200).json();
    assert_eq!(output_text(&told), "tool said: hot");
}

#[tokio::test]
async fn a_function_of_a_namespace_comes_back_with_it() {
    let app = App::start().await;
    let function = json!({"type": "function", "name": "brew", "parameters": {"type": "object"}});
    let group = json!({"type": "namespace", "name": "kitchen", "tools": [function]});
    let asked = response("call tool kitchen__brew with {\"cups\": 2}");
    let body = with(asked, json!({"tools": [function, group]}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let call = &told["output"][0];
    assert_eq!(
        (&call["namespace"], &call["name"]),
        (&json!("kitchen"), &json!("brew"))
    );
    let output =
        json!([{"type": "function_call_output", "call_id": call["call_id"], "output": "hot"}]);
    let next = json!({"input": output, "previous_response_id": told["id"]});
    let told = app.post(RESPONSES, with(response(""), next)).await;
    assert_eq!(
        output_text(&told.expect_status(200).json()),
        "tool said: hot"
    );
}
