//! Tool servers that want everybody's own word.

mod callers;
mod deployment;
mod hostile;
mod kept;

use jan_domain::ports::ServerAuth;
use jan_infra::tools::{ToolServerSettings, ToolSettings};
use jan_tests::app::{App, Setup};
use jan_tests::request::{Answer, Client};
use jan_tests::scripted_authorization::{Brought, Script, ScriptedAuthorization};
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::{Value, json};

const CALLBACK: &str = "/v1/mcp/authorizations/callback";

/// The guarded tools, what they guard, and a server of ours whose operator has named them `crm`.
struct Scene {
    app: App,
    door: ScriptedAuthorization,
    tools: ScriptedTools,
}

async fn scene(script: Script) -> Scene {
    let tools = ScriptedTools::start().await;
    let door = ScriptedAuthorization::before(tools.url(), script).await;
    let settings = ToolSettings {
        servers: vec![ToolServerSettings {
            auth: ServerAuth::Caller,
            ..ToolServerSettings::new("crm", door.url())
        }],
        ..ToolSettings::default()
    };
    Scene {
        app: with(settings).await,
        door,
        tools,
    }
}

async fn with(tools: ToolSettings) -> App {
    let setup = Setup {
        tools: Some(tools),
        ..Setup::default()
    };
    App::start_with(setup).await
}

/// Asks where the person has to go.
async fn begin(client: &Client, server: Value) -> Answer {
    client.post("/v1/mcp/authorizations", server).await
}

/// The form of our page, sent as the person's browser does.
async fn let_in(client: &Client, brought: &Brought) -> Answer {
    let form = format!(
        "state={}&code={}&iss={}",
        brought.state,
        brought.code,
        brought.iss.replace(':', "%3A").replace('/', "%2F")
    );
    client
        .as_nobody()
        .raw(http::Method::POST, CALLBACK)
        .body(form)
        .without("content-type")
        .header("content-type", "application/x-www-form-urlencoded")
        .await
}

/// The whole way, which ends well.
async fn authorize(scene: &Scene, client: &Client) {
    let begun = begin(client, json!({"server_label": "crm"})).await;
    let begun = begun.expect_status(201).json();
    let page = begun["authorization_url"].as_str().unwrap();
    let brought = scene.door.agree(page).await;
    let done = let_in(client, &brought).await.expect_status(200);
    assert!(done.text().contains("Done"), "{}", done.text());
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}
