//! Tool servers that are added while the deployment runs.

use std::time::Duration;

use jan_infra::tools::{ToolServerSettings, ToolSettings};
use jan_tests::app::{App, Setup};
use jan_tests::request::Client;
use jan_tests::scripted_tools::{Options, ScriptedTools};
use serde_json::{Value, json};

const ROOT: &str = "/v1/admin/tool_servers";

/// One server in the file, and this machine's servers may be added.
async fn start(file: &ScriptedTools) -> App {
    App::start_with(setup(file)).await
}

fn setup(file: &ScriptedTools) -> Setup {
    Setup {
        tools: Some(ToolSettings {
            servers: vec![ToolServerSettings {
                allowed_tools: vec!["echo".to_owned()],
                ..ToolServerSettings::new("file", file.url())
            }],
            allowed: vec!["127.0.0.1".parse().unwrap()],
            ..ToolSettings::default()
        }),
        ..Setup::default()
    }
}

async fn names(client: &Client) -> Vec<String> {
    let listed = client.get("/v1/mcp/tools").await.expect_status(200).json();
    let tools = listed["tools"].as_array().unwrap().iter();
    tools
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn call(client: &Client, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let told = client
        .post("/v1/mcp", message)
        .header("accept", "*/*")
        .await;
    told.expect_status(200).json()
}

#[tokio::test]
async fn one_is_added_changed_and_removed_while_everything_goes_on() {
    let (file, more) = (ScriptedTools::start().await, ScriptedTools::start().await);
    let app = start(&file).await;
    let admin = app.administrator();
    assert_eq!(names(&app).await, ["echo"]);
    let body = json!({"label": "more", "url": more.url(), "allowed_tools": ["add", "note"]});
    let added = admin.post(ROOT, body).await.expect_status(201).json();
    assert_eq!(
        (&added["label"], &added["origin"]),
        (&json!("more"), &json!("api"))
    );
    assert_eq!(
        (&added["auth"], &added["state"]),
        (&json!("key"), &json!("ok"))
    );
    assert_eq!(names(&app).await, ["echo", "add", "note"]);
    call(&app, "add", json!({"a": 1, "b": 2})).await;
    assert_eq!(more.ledger().effects("add"), 1);
    let path = format!("{ROOT}/more");
    let changed = admin.patch(&path, json!({"allowed_tools": ["note"]})).await;
    assert_eq!(changed.expect_status(200).json()["url"], more.url());
    assert_eq!(names(&app).await, ["echo", "note"]);
    let all = admin.get(ROOT).await.expect_status(200).json();
    let origins: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["origin"])
        .collect();
    assert_eq!(origins, ["file", "api"]);
    admin.delete(&path).await.expect_status(200);
    assert_eq!(names(&app).await, ["echo"]);
    admin.delete(&path).await.expect_status(404);
    admin.patch(&path, json!({})).await.expect_status(404);
}

#[tokio::test]
async fn other_nodes_know_it_within_seconds_and_after_a_restart() {
    let (file, more) = (ScriptedTools::start().await, ScriptedTools::start().await);
    let app = start(&file).await;
    let other = app.second_node_with(setup(&file)).await;
    assert_eq!(names(&other).await, ["echo"]);
    let body = json!({"label": "more", "url": more.url(), "allowed_tools": ["add"]});
    app.administrator()
        .post(ROOT, body)
        .await
        .expect_status(201);
    let known = async {
        while names(&other).await != ["echo", "add"] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known)
        .await
        .unwrap();
    let later = app.second_node_with(setup(&file)).await;
    assert_eq!(names(&later).await, ["echo", "add"]);
}

#[tokio::test]
async fn its_key_opens_it_and_is_never_shown_or_readable() {
    let file = ScriptedTools::start().await;
    let guarded = ScriptedTools::start_with(Options {
        bearer: Some("open-sesame".to_owned()),
        ..Options::default()
    })
    .await;
    let app = start(&file).await;
    let admin = app.administrator();
    let body = json!({"label": "g", "url": guarded.url(), "allowed_tools": ["add"]});
    let closed = admin.post(ROOT, body).await.expect_status(201).json();
    assert_eq!(closed["state"], "failed");
    assert_eq!(names(&app).await, ["echo"]);
    let path = format!("{ROOT}/g");
    let opened = admin.patch(&path, json!({"api_key": "open-sesame"})).await;
    let opened = opened.expect_status(200);
    assert!(!opened.text().contains("sesame"));
    assert_eq!(opened.json()["state"], "ok");
    assert_eq!(names(&app).await, ["echo", "add"]);
    let kept: String = sqlx::query_scalar("select to_jsonb(s)::text from added_tool_servers as s")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert!(!kept.contains("sesame"), "{kept}");
    admin
        .patch(&path, json!({"api_key": null}))
        .await
        .expect_status(200);
    assert_eq!(names(&app).await, ["echo"]);
}

#[tokio::test]
async fn what_cannot_be_added_is_named_and_nothing_is_written() {
    let file = ScriptedTools::start().await;
    let app = start(&file).await;
    let admin = app.administrator();
    let url = file.url();
    for (body, status, param) in [
        (json!({"label": "a b", "url": url}), 400, "label"),
        (json!({"label": "x".repeat(49), "url": url}), 400, "label"),
        (
            json!({"label": "a", "url": "http://10.0.0.1/mcp"}),
            400,
            "url",
        ),
        (json!({"label": "a", "url": "stdio:sh"}), 400, "url"),
        (
            json!({"label": "a", "url": "https://u:p@b.example/"}),
            400,
            "url",
        ),
        (
            json!({"label": "a", "url": url, "auth": "everybody"}),
            400,
            "auth",
        ),
        (
            json!({"label": "a", "url": url, "pin": "sha256:12"}),
            400,
            "pin",
        ),
        (
            json!({"label": "a", "url": url, "api_key": "a\nb"}),
            400,
            "api_key",
        ),
        (json!({"label": "file", "url": url}), 409, "label"),
    ] {
        let refused = admin
            .post(ROOT, body.clone())
            .await
            .expect_status(status)
            .json();
        assert_eq!(refused["error"]["param"], param, "{body}: {refused}");
    }
    let body = json!({"label": "a", "url": url, "auth": "client"});
    let refused = admin.post(ROOT, body).await.expect_status(400);
    assert!(
        refused.text().contains("client_secret"),
        "{}",
        refused.text()
    );
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn only_administrators_add_and_the_file_is_not_theirs_to_change() {
    let file = ScriptedTools::start().await;
    let app = start(&file).await;
    let admin = app.administrator();
    // What would start a program is not looked at.
    let body = json!({"label": "a", "url": file.url(), "command": "sh"});
    admin.post(ROOT, body.clone()).await.expect_status(201);
    admin.post(ROOT, body).await.expect_status(409);
    let path = format!("{ROOT}/file");
    admin.delete(&path).await.expect_status(409);
    admin.patch(&path, json!({})).await.expect_status(409);
    let body = json!({"label": "b", "url": file.url()});
    app.post(ROOT, body).await.expect_status(403);
    app.delete(&format!("{ROOT}/a")).await.expect_status(403);
    assert_eq!(count(&app).await, 1);
}

async fn count(app: &App) -> i64 {
    sqlx::query_scalar("select count(*) from added_tool_servers")
        .fetch_one(app.pool())
        .await
        .unwrap()
}
