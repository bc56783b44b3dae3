//! The GraphQL endpoint as its clients see it.

mod admin;
mod forks;
mod http;
mod introspection;
mod limits;
mod mutations;
mod once;
mod ownership;
mod paging;
mod queries;
mod socket;
mod statements;
mod subscriptions;

use jan_tests::app::App;
use jan_tests::given::MODEL;
use jan_tests::request::{Client, Request};
use serde_json::{Value, json};

const GRAPHQL: &str = "/graphql";

/// A request with this document and these variables.
fn ask(client: &Client, query: &str, variables: &Value) -> Request {
    client.post(GRAPHQL, json!({"query": query, "variables": variables}))
}

/// What a document gives, which must go well.
async fn data_of(client: &Client, query: &str, variables: Value) -> Value {
    let mut told = ask(client, query, &variables)
        .await
        .expect_status(200)
        .json();
    assert!(told.get("errors").is_none(), "{query}: {told}");
    told["data"].take()
}

/// The first error that a document gives, as `[code, field]`.
async fn error_of(client: &Client, query: &str, variables: Value) -> [Value; 2] {
    let answer = ask(client, query, &variables).await;
    assert!(answer.status() < 500, "{}", answer.text());
    let told = answer.json();
    let extensions = &told["errors"][0]["extensions"];
    assert!(extensions["code"].is_string(), "{query}: {told}");
    [extensions["code"].clone(), extensions["field"].clone()]
}

/// A conversation with so many messages, by its id.
async fn conversation(client: &Client, title: &str, messages: usize) -> String {
    let items: Vec<Value> = (0..messages)
        .map(|at| json!({"role": "user", "content": format!("message {at}")}))
        .collect();
    let body = json!({"title": title, "items": items});
    let told = client.post("/v1/conversations", body).await;
    id_of(&told.expect_status(200).json())
}

/// A whole response that says this, by its id.
async fn response(client: &Client, said: &str) -> String {
    let body = json!({"model": MODEL, "input": said});
    id_of(
        &client
            .post("/v1/responses", body)
            .await
            .expect_status(200)
            .json(),
    )
}

#[track_caller]
fn id_of(told: &Value) -> String {
    let id = told["id"].as_str().unwrap_or_else(|| panic!("{told}"));
    id.to_owned()
}

/// A whole chat completion that is stored, by its id.
async fn completion(app: &App, said: &str) -> String {
    let body = json!({"model": MODEL, "store": true,
        "messages": [{"role": "user", "content": said}]});
    id_of(
        &app.post("/v1/chat/completions", body)
            .await
            .expect_status(200)
            .json(),
    )
}
