//! `python_exec` for MCP clients.

use jan_domain::tool_permissions::{ToolAllowance, ToolPermissions};
use jan_infra::code::CodeSettings;
use jan_tests::app::{App, Setup};
use jan_tests::process::program;
use serde_json::{Value, json};

use super::{call, error_of, legacy, result_of};

async fn app(guests: ToolAllowance) -> App {
    let code = CodeSettings {
        program: Some(program()),
        ..CodeSettings::default()
    };
    let setup = Setup {
        code: Some(code),
        tool_permissions: ToolPermissions {
            guests,
            ..ToolPermissions::default()
        },
        ..Setup::default()
    };
    App::start_with(setup).await
}

#[tokio::test]
async fn the_tool_is_offered_with_its_schemas_and_hints() {
    let app = app(ToolAllowance::default()).await;
    let listed = result_of(legacy(&app, "tools/list", &json!({}))).await;
    let tools = listed["tools"].as_array().unwrap();
    let named = |tool: &&Value| tool["name"] == "python_exec";
    let tool = tools.iter().find(named).expect("it is offered");
    let properties = tool["inputSchema"]["properties"].as_object().unwrap();
    let arguments: Vec<_> = properties.keys().map(String::as_str).collect();
    assert_eq!(arguments, ["approved", "code", "language", "session_id"]);
    assert_eq!(tool["inputSchema"]["required"], json!(["code"]));
    assert_eq!(tool["outputSchema"]["type"], "object");
    assert_eq!(tool["annotations"]["readOnlyHint"], false);
    assert_eq!(tool["annotations"]["openWorldHint"], false);
}

#[tokio::test]
async fn a_call_gives_a_text_and_the_same_as_a_value() {
    let app = app(ToolAllowance::default()).await;
    let remember = json!({"code": "x = 40\nprint('kept')", "session_id": "mine"});
    result_of(call(&app, "python_exec", &remember)).await;
    let recall = json!({"code": "x + 2", "session_id": "mine"});
    let result = result_of(call(&app, "python_exec", &recall)).await;
    let structured = &result["structuredContent"];
    assert_eq!(
        (&structured["value"], &structured["session_id"]),
        (&json!("42"), &json!("mine"))
    );
    assert_eq!(result["isError"], false);
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), *structured);
}

#[tokio::test]
async fn somebody_elses_session_is_a_new_one() {
    let app = app(ToolAllowance::default()).await;
    let other = app.guest().await;
    let remember = json!({"code": "x = 'mine'", "session_id": "s"});
    result_of(call(&app, "python_exec", &remember)).await;
    let look = json!({"code": "x", "session_id": "s"});
    let result = result_of(call(&other, "python_exec", &look)).await;
    assert_eq!(
        result["structuredContent"]["error"],
        "NameError: name 'x' is not defined"
    );
}

#[tokio::test]
async fn whoever_may_only_read_may_not_run_programs() {
    let app = app(ToolAllowance::read_only()).await;
    let listed = result_of(legacy(&app, "tools/list", &json!({}))).await;
    assert!(!listed.to_string().contains("python_exec"), "{listed}");
    let arguments = json!({"code": "1"});
    let (_, words) = error_of(call(&app, "python_exec", &arguments)).await;
    assert!(words.contains("Unknown tool"), "{words}");
}
