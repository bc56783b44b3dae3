//! The server's own tools, as clients and models meet them.

mod addresses;
mod by_clients;
mod by_models;
mod citations;
mod grants;

use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::{EngineName, SearchSettings};
use jan_tests::app::{App, Setup};
use jan_tests::request::Client;
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::{Value, json};

use crate::adapters::scrape::settings;

/// Starts with our own tools over these engines; pages of this machine may be read.
async fn start(search: SearchSettings) -> App {
    start_with(search, settings()).await
}

async fn start_with(search: SearchSettings, scrape: ScrapeSettings) -> App {
    let setup = Setup {
        builtin: Some((search, scrape)),
        ..Setup::default()
    };
    App::start_with(setup).await
}

/// A search engine that finds one page, whatever is asked.
async fn engine() -> (ScriptedWeb, SearchSettings) {
    let web = ScriptedWeb::start().await;
    let result =
        json!({"title": "Tides", "url": "https://coast.example/tides", "content": "Twice a day."});
    web.tell("/search", [Reply::json(&json!({"results": [result]}))]);
    let settings = SearchSettings {
        engines: vec![EngineName::Searxng],
        searxng_url: Some(web.base_url().to_owned()),
        ..SearchSettings::default()
    };
    (web, settings)
}

/// Calls a tool over MCP and gives the whole result.
async fn call(client: &Client, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let told = client
        .post("/v1/mcp", message)
        .header("accept", "*/*")
        .await;
    let mut told = told.expect_status(200).json();
    assert!(told["error"].is_null(), "{told}");
    told["result"].take()
}
