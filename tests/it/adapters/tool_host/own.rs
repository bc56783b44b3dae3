//! The deployment's own tool servers: several behind one list.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{ToolFailure, ToolHost, ToolOffer, ToolResult};
use jan_infra::secret::Secret;
use jan_infra::tools::{McpToolHost, ToolServerSettings, ToolSettings};
use jan_tests::contract::tool_host::{call, listing};
use jan_tests::scripted_tools::{Options, ScriptedTools};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{host_with, own};

/// Nothing listens there.
async fn dead() -> ToolServerSettings {
    let tools = ScriptedTools::start().await;
    let url = tools.url();
    tools.stop().await;
    ToolServerSettings::new("dead", url)
}

fn with_tools(tools: &ScriptedTools, name: &str, allowed: &[&str]) -> ToolServerSettings {
    ToolServerSettings {
        allowed_tools: allowed.iter().map(|&name| name.to_owned()).collect(),
        ..ToolServerSettings::new(name, tools.url())
    }
}

async fn names(host: &Arc<dyn ToolHost>) -> Vec<String> {
    let offers: Vec<ToolOffer> = host.list(listing(&own())).await.unwrap();
    offers.into_iter().map(|offer| offer.name).collect()
}

async fn ask(
    host: &Arc<dyn ToolHost>,
    tool: &str,
    arguments: Value,
) -> Result<ToolResult, ToolFailure> {
    host.call(call(&own(), "step_1", tool, arguments)).await
}

#[tokio::test]
async fn the_tools_of_all_servers_are_one_list_in_a_stable_order() {
    let (first, second) = (ScriptedTools::start().await, ScriptedTools::start().await);
    let host = host_with(vec![
        with_tools(&first, "first", &["note", "echo"]),
        with_tools(&second, "second", &["charge", "echo", "add"]),
    ]);
    for _ in 0..3 {
        assert_eq!(names(&host).await, ["echo", "note", "add", "charge"]);
    }
    ask(&host, "echo", json!({"text": "a"})).await.unwrap();
    ask(&host, "charge", json!({"amount": 1})).await.unwrap();
    let called = |tools: &ScriptedTools| {
        let entries = tools.ledger().entries().into_iter();
        entries.map(|entry| entry.tool).collect::<Vec<_>>()
    };
    assert_eq!(called(&first), ["echo"]);
    assert_eq!(called(&second), ["charge"]);
}

/// Some servers let no list be remembered; a call still does not cost a list.
#[tokio::test]
async fn a_call_finds_its_server_without_asking_for_lists_again() {
    let options = Options {
        ttl_ms: Some(0),
        ..Options::default()
    };
    let tools = ScriptedTools::start_with(options).await;
    let host = host_with(vec![with_tools(&tools, "forgetful", &[])]);
    for _ in 0..5 {
        ask(&host, "echo", json!({"text": "a"})).await.unwrap();
    }
    assert_eq!(tools.lists(), 1);
    names(&host).await;
    assert_eq!(tools.lists(), 2);
}

#[tokio::test]
async fn a_dead_server_takes_nobody_with_it() {
    let tools = ScriptedTools::start().await;
    let host = host_with(vec![dead().await, with_tools(&tools, "alive", &["echo"])]);
    assert_eq!(names(&host).await, ["echo"]);
    assert!(ask(&host, "echo", json!({"text": "a"})).await.is_ok());
    let unknown = ask(&host, "elsewhere", json!({})).await;
    assert_eq!(
        unknown,
        Err(ToolFailure::Unreachable),
        "it may be the dead one's"
    );
    let host = host_with(vec![dead().await]);
    assert_eq!(names(&host).await, [""; 0]);
}

#[tokio::test]
async fn a_silent_server_takes_nobody_with_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let mut silent = ToolServerSettings::new("silent", url);
    silent.limits.list = Duration::from_millis(300);
    let tools = ScriptedTools::start().await;
    let host = host_with(vec![silent, with_tools(&tools, "alive", &["echo"])]);
    assert_eq!(names(&host).await, ["echo"]);
    assert!(ask(&host, "echo", json!({"text": "a"})).await.is_ok());
}

#[tokio::test]
async fn a_tool_that_is_not_allowed_is_not_there() {
    let tools = ScriptedTools::start().await;
    let host = host_with(vec![with_tools(&tools, "strict", &["echo"])]);
    let called = ask(&host, "charge", json!({"amount": 1})).await;
    assert_eq!(called, Err(ToolFailure::UnknownTool("charge".to_owned())));
    assert_eq!(tools.ledger().entries().len(), 0);
    assert_eq!(names(&host_with(Vec::new())).await, [""; 0]);
}

#[tokio::test]
async fn the_operators_word_is_enough_for_an_address_and_its_key() {
    let tools = ScriptedTools::start_with(Options {
        bearer: Some("operators".to_owned()),
        ..Options::default()
    })
    .await;
    let mut server = ToolServerSettings::new("inside", tools.url());
    server.api_key = Some(Secret::new("operators".to_owned()));
    let settings = ToolSettings {
        servers: vec![server],
        ..ToolSettings::default()
    };
    let host: Arc<dyn ToolHost> = Arc::new(McpToolHost::try_new(&settings).unwrap());
    assert!(ask(&host, "echo", json!({"text": "a"})).await.is_ok());
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let problem = |servers: Vec<ToolServerSettings>, caller_headers: Vec<String>| {
        let settings = ToolSettings {
            servers,
            caller_headers,
            ..ToolSettings::default()
        };
        McpToolHost::try_new(&settings).err().unwrap().to_string()
    };
    let server = |url: &str| ToolServerSettings::new("s", url);
    for url in ["", "tools", "ftp://h/", "http://user:word@h/"] {
        let problem = problem(vec![server(url)], Vec::new());
        assert!(
            problem.contains("`s`") && !problem.contains("word@"),
            "{problem}"
        );
    }
    let twice = vec![server("http://h/"), server("http://i/")];
    assert!(problem(twice, Vec::new()).contains("two tool servers"));
    let mut keyed = server("http://h/");
    keyed.api_key = Some(Secret::new("first\nsecond".to_owned()));
    let refused = problem(vec![keyed], Vec::new());
    assert!(
        refused.contains("`s`") && !refused.contains("first"),
        "{refused}"
    );
    assert!(problem(Vec::new(), vec!["Cookie".to_owned()]).contains("Cookie"));
}
