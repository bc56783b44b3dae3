//! Responses that run programs here: `code_interpreter`, and the tool behind it over MCP.

use jan_infra::code::{Approval, CodeSettings};
use jan_tests::app::{App, Setup};
use jan_tests::given::with;
use jan_tests::process::program;
use serde_json::{Value, json};

use super::responses::{RESPONSES, output_text, response};

async fn app(approval: Approval) -> App {
    let code = CodeSettings {
        program: Some(program()),
        approval,
        ..CodeSettings::default()
    };
    let setup = Setup {
        code: Some(code),
        ..Setup::default()
    };
    App::start_with(setup).await
}

fn interpreting(arguments: &Value) -> Value {
    let said = format!("call tool code_interpreter with {arguments}");
    let tools = json!([{"type": "code_interpreter", "container": {"type": "auto"}}]);
    let include = json!(["code_interpreter_call.outputs"]);
    with(response(&said), json!({"tools": tools, "include": include}))
}

#[tokio::test]
async fn a_program_is_run_and_its_logs_are_shown() {
    let app = app(Approval::Never).await;
    let body = interpreting(&json!({"code": "print('six times seven')\n6 * 7"}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let call = &told["output"][0];
    assert_eq!(call["type"], "code_interpreter_call", "{told}");
    assert_eq!(call["status"], "completed");
    assert_eq!(call["code"], "print('six times seven')\n6 * 7");
    assert_eq!(
        call["outputs"],
        json!([{"type": "logs", "logs": "six times seven\n42"}])
    );
    assert!(output_text(&told).contains("six times seven"), "{told}");
}

#[tokio::test]
async fn what_a_program_raises_is_told_to_the_model() {
    let app = app(Approval::Never).await;
    let body = interpreting(&json!({"code": "1 / 0"}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let logs = told["output"][0]["outputs"][0]["logs"].as_str();
    assert!(logs.unwrap().contains("ZeroDivisionError"), "{told}");
    assert_eq!(told["status"], "completed");
    assert!(output_text(&told).contains("ZeroDivisionError"), "{told}");
}

#[tokio::test]
async fn a_program_without_the_users_word_is_not_run_where_it_is_needed() {
    let app = app(Approval::Always).await;
    let body = interpreting(&json!({"code": "print('never')"}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let call = &told["output"][0];
    assert_eq!(call["status"], "failed", "{told}");
    let logs = call["outputs"][0]["logs"].as_str();
    assert!(logs.unwrap().starts_with("approval required"), "{told}");
    let body = interpreting(&json!({"code": "print('now')", "approved": true}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(told["output"][0]["outputs"][0]["logs"], "now\n", "{told}");
}

#[tokio::test]
async fn arguments_that_are_none_are_told_to_the_model() {
    let app = app(Approval::Never).await;
    for arguments in [
        json!({}),
        json!({"code": 5}),
        json!({"code": "1", "session_id": "a b"}),
    ] {
        let body = interpreting(&arguments);
        let told = app.post(RESPONSES, body).await.expect_status(200).json();
        assert_eq!(told["status"], "completed", "{told}");
        assert_eq!(told["output"][0]["status"], "failed", "{told}");
    }
}
