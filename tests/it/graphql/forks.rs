//! Conversations that are made of others, and responses that are told or made again.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::{Value, json};

use super::mutations::{done, refused};
use super::{conversation, data_of, error_of, id_of, response};

const FORK: &str = "conversation { id title metadata items { edges { node { id text } } } }
    response { id outputText }";

fn texts(fork: &Value) -> Vec<&str> {
    let held = fork.pointer("/conversation/items/edges").unwrap();
    let texts = held.as_array().unwrap().iter();
    texts
        .map(|edge| edge["node"]["text"].as_str().unwrap())
        .collect()
}

/// A conversation in which a model answered `reply exactly tea`, and the ids of its two items.
async fn answered(app: &App) -> (String, [String; 2]) {
    let id = conversation(app, "Tea", 0).await;
    let body = json!({"model": MODEL, "input": "reply exactly tea", "conversation": id});
    app.post("/v1/responses", body).await.expect_status(200);
    let path = format!("/v1/conversations/{id}/items?order=asc");
    let items = app.get(&path).await.json();
    let items = [0, 1].map(|at| id_of(&items["data"][at]));
    (id, items)
}

#[tokio::test]
async fn a_fork_begins_with_a_copy_up_to_any_item() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 3).await;
    let before = app.events_of(&id).await.len();
    let whole = done(&app, "forkConversation", json!({"id": id}), FORK).await;
    assert_eq!(texts(&whole), ["message 0", "message 1", "message 2"]);
    assert_eq!(whole["conversation"]["title"], "Tea");
    let item = whole
        .pointer("/conversation/items/edges/1/node/id")
        .unwrap();
    let part = json!({"id": id, "itemId": item, "title": "Part", "metadata": {"a": "b"},
        "idempotencyKey": "fork-1"});
    let part = done(&app, "forkConversation", part, FORK).await;
    assert_eq!(texts(&part), ["message 0", "message 1"]);
    assert_eq!(part["conversation"]["metadata"], json!({"a": "b"}));
    let again = json!({"id": id, "itemId": item, "title": "Part", "metadata": {"a": "b"},
        "idempotencyKey": "fork-1"});
    let again = done(&app, "forkConversation", again, FORK).await;
    assert_eq!(again["conversation"]["id"], part["conversation"]["id"]);
    assert_eq!(app.events_of(&id).await.len(), before, "the original");
    for (input, code, field) in [
        (json!({"id": "conv_nobody"}), "NOT_FOUND", json!(null)),
        (
            json!({"id": id, "itemId": "msg_nobody"}),
            "NOT_FOUND",
            json!("itemId"),
        ),
        (
            json!({"id": id, "atVersion": 0}),
            "INVALID_VALUE",
            json!("atVersion"),
        ),
        (
            json!({"id": id, "atVersion": 99}),
            "INVALID_VALUE",
            json!("atVersion"),
        ),
    ] {
        let told = refused(&app, "forkConversation", input.clone()).await;
        assert_eq!(told, [json!(code), field], "{input}");
    }
    let stranger = refused(&app.guest().await, "forkConversation", json!({"id": id})).await;
    assert_eq!(stranger[0], "NOT_FOUND");
}

#[tokio::test]
async fn an_edit_and_a_second_answer_are_forks() {
    let app = App::start().await;
    let (id, [question, answer]) = answered(&app).await;
    let place = json!({"conversationId": id, "itemId": question});
    let with = |more: Value| {
        let mut input = place.clone();
        let more = more.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(more);
        input
    };
    let edited = with(json!({"content": "reply exactly milk"}));
    let edited = done(&app, "editItem", edited, FORK).await;
    assert_eq!(
        (texts(&edited), &edited["response"]),
        (vec!["reply exactly milk"], &json!(null))
    );
    let answered = with(json!({"content": "reply exactly milk", "regenerate": true}));
    let answered = done(&app, "editItem", answered, FORK).await;
    assert_eq!(texts(&answered), ["reply exactly milk", "milk"]);
    assert_eq!(answered["response"]["outputText"], "milk");
    let input = json!({"conversationId": id, "itemId": answer});
    let second = done(&app, "regenerateItem", input, FORK).await;
    assert_eq!(texts(&second), ["reply exactly tea", "tea"]);
    assert_ne!(second["conversation"]["id"], json!(id));
    let told = refused(&app, "editItem", with(json!({"content": 7}))).await;
    assert_eq!(told[1], "content");
    let none = with(json!({"model": "none"}));
    assert_eq!(refused(&app, "regenerateItem", none).await[1], "model");
    let stranger = app.guest().await;
    assert_eq!(
        refused(&stranger, "regenerateItem", place).await[0],
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_response_is_told_again_and_made_again() {
    let app = App::start().await;
    let id = response(&app, "reply exactly tea").await;
    let document =
        "query($id: ID!, $version: BigInt) { responseReplay(id: $id, atVersion: $version) }";
    let told = data_of(&app, document, json!({"id": id})).await;
    let path = format!("/v1/responses/{id}/replay");
    assert_eq!(
        told["responseReplay"],
        app.post(&path, json!({})).await.json()
    );
    let first = data_of(&app, document, json!({"id": id, "version": 1})).await;
    assert_eq!(first.pointer("/responseReplay/frames/1"), None);
    let stranger = app.guest().await;
    let hidden = data_of(&stranger, document, json!({"id": id})).await;
    assert_eq!(hidden["responseReplay"], json!(null));
    let never = error_of(&app, document, json!({"id": id, "version": 0})).await;
    assert_eq!(never, [json!("INVALID_VALUE"), json!("atVersion")]);

    let fields = "response { id outputText } conversation { id } comparison";
    let again = done(&app, "reExecuteResponse", json!({"id": id}), fields).await;
    assert_eq!(again["response"]["outputText"], "tea");
    assert_ne!(again["response"]["id"], json!(id));
    assert_eq!(again["conversation"], json!(null));
    assert_eq!(
        again.pointer("/comparison/diff/same_text"),
        Some(&json!(true))
    );
    let none = json!({"id": id, "model": "none"});
    assert_eq!(refused(&app, "reExecuteResponse", none).await[1], "model");
    let theirs = refused(&stranger, "reExecuteResponse", json!({"id": id})).await;
    assert_eq!(theirs[0], "NOT_FOUND");
}
