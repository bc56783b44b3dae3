use jan_domain::ports::ServerAuth;
use jan_infra::secret::Secret;
use jan_infra::tools::{ToolServerSettings, ToolSettings};
use jan_tests::scripted_authorization::{Script, ScriptedAuthorization};
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::json;

use super::super::call;
use super::{begin, names, with};

#[tokio::test]
async fn a_deployment_with_a_name_of_its_own_lets_everybody_use_the_tools() {
    let tools = ScriptedTools::start().await;
    let door = ScriptedAuthorization::before(tools.url(), Script::default()).await;
    let server = ToolServerSettings {
        auth: ServerAuth::Client,
        client_id: Some("service".to_owned()),
        client_secret: Some(Secret::new("service-secret".to_owned())),
        ..ToolServerSettings::new("crm", door.url())
    };
    let app = with(ToolSettings {
        servers: vec![server],
        ..ToolSettings::default()
    })
    .await;
    let told = call(&app, "echo", &json!({"text": "tea"})).await;
    assert_eq!(told["content"][0]["text"], "tea");
    assert_eq!(door.asked(), ["client_credentials"]);
    assert_eq!(door.last_form()["resource"], door.url());
    door.forget_tokens();
    let told = call(&app, "echo", &json!({"text": "more"})).await;
    assert_eq!(told["content"][0]["text"], "more");
    assert_eq!(door.asked().len(), 2);
    let doors = app.get("/v1/mcp/servers").await.json();
    assert_eq!(doors["data"][0]["authorization"], "shared");
    assert!(doors["data"][0]["server_url"].is_null());
    let refused = begin(&app, json!({"server_label": "crm"})).await;
    assert_eq!(
        refused.expect_status(400).json()["error"]["param"],
        "server_label"
    );
}

#[tokio::test]
async fn a_deployment_whose_name_is_not_taken_goes_on_without_those_tools() {
    let (tools, open) = (ScriptedTools::start().await, ScriptedTools::start().await);
    let door = ScriptedAuthorization::before(tools.url(), Script::default()).await;
    let server = ToolServerSettings {
        auth: ServerAuth::Client,
        client_id: Some("service".to_owned()),
        client_secret: Some(Secret::new("wrong".to_owned())),
        ..ToolServerSettings::new("crm", door.url())
    };
    let app = with(ToolSettings {
        servers: vec![server, ToolServerSettings::new("open", open.url())],
        ..ToolSettings::default()
    })
    .await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    assert!(names(&listed).contains(&"echo"));
    call(&app, "echo", &json!({"text": "tea"})).await;
    assert_eq!(
        (
            tools.ledger().effects("echo"),
            open.ledger().effects("echo")
        ),
        (0, 1)
    );
}
