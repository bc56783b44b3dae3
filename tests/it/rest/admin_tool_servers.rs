//! The tool servers in the hands of an administrator.

use jan_infra::tools::{ToolServerSettings, ToolSettings};
use jan_tests::app::{App, Setup};
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::json;

const ROOT: &str = "/v1/admin/tool_servers";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_what_changed_and_what_is_withheld() {
    let tools = ScriptedTools::start().await;
    let looked_at = App::start_with(Setup {
        tools: Some(ToolSettings {
            servers: vec![ToolServerSettings::new("scripted", tools.url())],
            ..ToolSettings::default()
        }),
        ..Setup::default()
    })
    .await;
    let admin = looked_at.administrator();
    let all = admin.get(ROOT).await.expect_status(200).json();
    let server = &all["data"][0];
    assert_eq!(server["label"], "scripted");
    assert_eq!(server["era"], "modern");
    assert_eq!(
        (&server["state"], &server["pin_state"]),
        (&json!("ok"), &json!("unpinned"))
    );
    assert_eq!(server["tools"].as_array().unwrap().len(), 7);
    let pin = server["pin"].as_str().unwrap().to_owned();

    let pinned = ToolServerSettings {
        pin: Some(pin),
        ..ToolServerSettings::new("scripted", tools.url())
    };
    let app = App::start_with(Setup {
        tools: Some(ToolSettings {
            servers: vec![pinned],
            ..ToolSettings::default()
        }),
        ..Setup::default()
    })
    .await;
    let admin = app.administrator();
    assert_eq!(
        admin.get(ROOT).await.json()["data"][0]["pin_state"],
        "pinned"
    );
    tools.twist_list();
    let refresh = format!("{ROOT}/scripted/refresh");
    let now = admin
        .post(&refresh, json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&now["state"], &now["pin_state"]),
        (&json!("changed"), &json!("changed"))
    );
    let charge = now["tools"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tool| tool["name"] == "charge");
    assert_eq!(charge.unwrap()["offered"], false);
    assert_eq!(
        charge.unwrap()["changes"],
        json!(["description", "inputSchema"])
    );
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(listed["tools"].as_array().unwrap().len(), 6);
    let withheld = json!([{"name": "charge", "reason": "changed",
        "changes": ["description", "inputSchema"]}]);
    assert_eq!(listed["withheld"], withheld);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_or_never_was_says_so() {
    let tools = ScriptedTools::start().await;
    let app = App::start_with(Setup {
        tools: Some(ToolSettings {
            servers: vec![ToolServerSettings::new("scripted", tools.url())],
            ..ToolSettings::default()
        }),
        ..Setup::default()
    })
    .await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    assert!(listed["withheld"].is_null(), "{listed}");
    let (admin, refresh) = (app.administrator(), format!("{ROOT}/scripted/refresh"));
    let nobody = format!("{ROOT}/nobody/refresh");
    admin.post(&nobody, json!({})).await.expect_status(404);
    app.get(ROOT).await.expect_status(403);
    app.post(&refresh, json!({})).await.expect_status(403);
    tools.stop().await;
    let gone = admin.post(&refresh, json!({})).await;
    let gone = gone.expect_status(200).json();
    assert_eq!(gone["state"], "failed");
    assert!(gone["last_error"].is_string(), "{gone}");
}
