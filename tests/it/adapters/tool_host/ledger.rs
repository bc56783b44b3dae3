//! The scripted tools' own account, which crash tests rely on.

use std::fs;
use std::io::Write;

use jan_tests::contract::tool_host::Subject;
use jan_tests::scripted_tools::{Options, ScriptedTools};
use serde_json::{Value, json};

use super::{host, settings};

async fn with_ledger(path: &std::path::Path) -> (ScriptedTools, Subject) {
    let options = Options {
        ledger: Some(path.to_owned()),
        ..Options::default()
    };
    let tools = ScriptedTools::start_with(options).await;
    let subject = Subject {
        host: host(&settings()),
        server: tools.remote("scripted"),
        ledger: std::sync::Arc::clone(tools.ledger()),
    };
    (tools, subject)
}

#[tokio::test]
async fn what_was_done_is_still_known_after_a_restart() {
    let path = std::env::temp_dir().join(format!("jan-ledger-{}", std::process::id()));
    drop(fs::remove_file(&path));
    {
        let (_tools, subject) = with_ledger(&path).await;
        subject
            .call_as("step_a", "note", json!({"text": "a"}))
            .await
            .unwrap();
        subject
            .call_as("step_b", "charge", json!({"amount": 1}))
            .await
            .unwrap();
    }
    // A kill may cut the last line off.
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"number\":2,\"tool\":\"char").unwrap();
    let (tools, subject) = with_ledger(&path).await;
    subject
        .call_as("step_a", "note", json!({"text": "a"}))
        .await
        .unwrap();
    subject
        .call_as("step_c", "note", json!({"text": "c"}))
        .await
        .unwrap();
    assert_eq!(tools.ledger().effects("note"), 2);
    assert_eq!(tools.ledger().effects("charge"), 1);
    assert_eq!(tools.ledger().entries().len(), 4);
    fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn the_ledger_is_read_over_http_too() {
    let tools = ScriptedTools::start().await;
    let subject = Subject {
        host: host(&settings()),
        server: tools.remote("scripted"),
        ledger: std::sync::Arc::clone(tools.ledger()),
    };
    subject
        .authorized("secret")
        .call("charge", json!({"amount": 5}))
        .await
        .unwrap();
    let url = format!("http://{}/ledger", tools.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ledger: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    let entry = &ledger["entries"][0];
    assert_eq!(entry["tool"], "charge");
    assert_eq!(entry["arguments"]["amount"], 5);
    assert_eq!(entry["key"], "step_1");
    assert!(entry["ended"].as_i64() >= entry["started"].as_i64());
    assert!(!ledger.to_string().contains("secret"));
}
