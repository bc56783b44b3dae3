//! Documents that their owners keep and search.

mod by_clients;
mod by_filters;
mod by_graphql;
mod by_meaning;
mod by_models;
mod by_rest;
mod lives;

use jan_infra::config::FileSearchSettings;
use jan_tests::app::{App, Setup};
use jan_tests::request::Client;
use serde_json::{Value, json};

/// Three documents about drinks.
const SHELF: &[(&str, &str, &str)] = &[
    (
        "green",
        "Green tea is not boiled. Water of eighty degrees is enough.",
        "tea",
    ),
    (
        "black",
        "Black tea wants boiling water and four minutes.",
        "tea",
    ),
    (
        "coffee",
        "Coffee is ground before the water comes.",
        "coffee",
    ),
];

async fn start() -> App {
    start_with(FileSearchSettings::default()).await
}

async fn start_with(file_search: FileSearchSettings) -> App {
    let setup = Setup {
        file_search,
        ..Setup::default()
    };
    App::start_with(setup).await
}

async fn fill(client: &Client) {
    for (name, text, tag) in SHELF {
        let document = json!({"document_id": name, "text": text, "tags": [tag],
            "metadata": {"shelf": name.len()}});
        index(client, &document).await;
    }
}

/// Keeps a document, which must be kept.
async fn index(client: &Client, document: &Value) -> Value {
    let mut result = call(client, "file_search_index", document).await;
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].take()
}

/// Searches, which must give an answer.
async fn query(client: &Client, asked: &Value) -> Value {
    let mut result = call(client, "file_search_query", asked).await;
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].take()
}

/// The names of the documents whose passages were found.
fn found(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap().iter();
    results
        .map(|result| result["document_id"].as_str().unwrap())
        .collect()
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
