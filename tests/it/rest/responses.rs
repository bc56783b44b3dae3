//! Responses: created whole, with instructions, chains and conversations.

use jan_tests::app::App;
use jan_tests::given::{MODEL, with};
use serde_json::{Value, json};

use super::kinds_of;

pub(super) const RESPONSES: &str = "/v1/responses";

/// A response to create, asked with one text.
pub(super) fn response(said: &str) -> Value {
    json!({"model": MODEL, "input": said})
}

/// What the last message of a response says.
#[track_caller]
pub(super) fn output_text(response: &Value) -> String {
    let items = response["output"].as_array();
    let message = items
        .and_then(|items| items.iter().rev().find(|item| item["type"] == "message"))
        .unwrap_or_else(|| panic!("{response}"));
    let parts = message["content"].as_array().into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

#[tokio::test]
async fn a_response_has_every_key_of_openais() {
    let app = App::start().await;
    let answer = app
        .post(RESPONSES, response("reply exactly hi there"))
        .await;
    let told = answer.expect_status(200).json();
    assert_eq!(output_text(&told), "hi there");
    insta::assert_json_snapshot!(told, {
        ".id" => "[id]", ".created_at" => "[time]", ".completed_at" => "[time]",
        ".output[].id" => "[id]",
    });
    let id = told["id"].as_str().unwrap();
    let read = app
        .get(&format!("{RESPONSES}/{id}"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(read, told);
    let recorded = app.events_of(id).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseCompleted"]
    );
}

#[tokio::test]
async fn a_chain_reaches_the_model_and_instructions_do_not() {
    let app = App::start().await;
    let first = with(
        response("remember that tea is green"),
        json!({"instructions": "be brief"}),
    );
    let first = app.post(RESPONSES, first).await.expect_status(200).json();
    let second = with(
        response("what is tea?"),
        json!({"previous_response_id": first["id"]}),
    );
    let second = app.post(RESPONSES, second).await.expect_status(200).json();
    assert_eq!(output_text(&second), "green");
    assert_eq!(second["previous_response_id"], first["id"]);
    let third = with(
        response("echo prompt"),
        json!({"previous_response_id": second["id"], "instructions": "be loud"}),
    );
    let third = app.post(RESPONSES, third).await.expect_status(200).json();
    let shown: Value = serde_json::from_str(&output_text(&third)).unwrap();
    let roles: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        ["system", "user", "assistant", "user", "assistant", "user"]
    );
    assert_eq!(shown[0]["content"], "be loud");
}

#[tokio::test]
async fn a_conversation_gains_the_turn_and_shows_its_history() {
    let app = App::start().await;
    let conversation = app.post("/v1/conversations", json!({})).await.json();
    let id = conversation["id"].as_str().unwrap();
    let named = json!({"conversation": id});
    let first = with(response("remember that tea is green"), named.clone());
    app.post(RESPONSES, first).await.expect_status(200);
    let second = with(
        response("what is tea?"),
        json!({"conversation": {"id": id}}),
    );
    let second = app.post(RESPONSES, second).await.expect_status(200).json();
    assert_eq!(output_text(&second), "green");
    assert_eq!(second["conversation"], json!({"id": id}));
    let items = app
        .get(&format!("/v1/conversations/{id}/items?order=asc"))
        .await
        .json();
    assert_eq!(items["data"].as_array().unwrap().len(), 4);
    assert_eq!(items["data"][3]["content"][0]["text"], "green");
}

#[tokio::test]
async fn what_is_not_stored_leaves_only_its_usage() {
    let app = App::start().await;
    let body = with(
        response("reply exactly secret tea"),
        json!({"store": false}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(output_text(&told), "secret tea");
    let id = told["id"].as_str().unwrap();
    app.get(&format!("{RESPONSES}/{id}"))
        .await
        .expect_status(404);
    let chained = with(response("hi"), json!({"previous_response_id": id}));
    let refused = app.post(RESPONSES, chained).await.expect_status(400).json();
    assert_eq!(refused["error"]["code"], "previous_response_not_found");
    for event in app.events_of(id).await {
        assert!(!event.payload.contains("secret"), "{}", event.payload);
    }
}

#[tokio::test]
async fn a_response_can_be_listed_and_deleted() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for said in ["one", "two", "three"] {
        let told = app.post(RESPONSES, response(said)).await.json();
        ids.push(told["id"].as_str().unwrap().to_owned());
    }
    let page = app
        .get(&format!("{RESPONSES}?limit=2"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&page["has_more"], &page["first_id"]),
        (&json!(true), &json!(ids[2]))
    );
    let rest = app
        .get(&format!(
            "{RESPONSES}?after={}",
            page["last_id"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(rest["data"][0]["id"], json!(ids[0]));
    let items = app
        .get(&format!("{RESPONSES}/{}/input_items", ids[0]))
        .await
        .expect_status(200)
        .json();
    assert_eq!(items["data"][0]["content"][0]["text"], "one");
    let deleted = app.delete(&format!("{RESPONSES}/{}", ids[0])).await;
    assert_eq!(
        deleted.expect_status(200).json(),
        json!({"id": ids[0], "object": "response", "deleted": true})
    );
    app.get(&format!("{RESPONSES}/{}", ids[0]))
        .await
        .expect_status(404);
    let stranger = app.guest().await;
    stranger
        .get(&format!("{RESPONSES}/{}", ids[1]))
        .await
        .expect_status(404);
}
