//! Chat calls that continue a conversation.

use insta::assert_json_snapshot;
use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, streamed, tool, with};
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{CHAT, said};

/// A chat call in a conversation, answered.
pub(super) async fn told(client: &Client, said: &str, conversation: Value) -> Value {
    let body = with(chat(said), json!({"conversation": conversation}));
    client.post(CHAT, body).await.expect_status(200).json()
}

pub(super) fn id_of(answer: &Value) -> String {
    answer["conversation"]["id"].as_str().unwrap().to_owned()
}

/// The items of a conversation, oldest first.
pub(super) async fn items(client: &Client, id: &str) -> Vec<Value> {
    let path = format!("/v1/conversations/{id}/items?order=asc&limit=100");
    let list = client.get(&path).await.expect_status(200).json();
    list["data"].as_array().unwrap().clone()
}

pub(super) fn text_of(item: &Value) -> &str {
    item["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_conversation_is_begun_by_naming_none() {
    let app = App::start().await;
    for nameless in [json!({}), json!(""), json!({"id": null}), json!({"id": ""})] {
        let answer = told(&app, "reply exactly hi", nameless).await;
        let title = "reply exactly hi";
        let mention = json!({"id": id_of(&answer), "title": title});
        assert_eq!(answer["conversation"], mention);
        assert!(id_of(&answer).starts_with("conv_"));
        let items = items(&app, &id_of(&answer)).await;
        let texts: Vec<_> = items.iter().map(text_of).collect();
        assert_eq!(texts, ["reply exactly hi", "hi"]);
    }
}

#[tokio::test]
async fn without_a_conversation_none_is_kept() {
    let app = App::start().await;
    let answer = app.post(CHAT, chat("reply exactly hi")).await.json();
    assert!(answer.get("conversation").is_none());
    let answer = app
        .post(CHAT, with(chat("hi"), json!({"conversation": null})))
        .await
        .json();
    assert!(answer.get("conversation").is_none());
    let list = app.get("/v1/conversations").await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn the_history_of_a_conversation_reaches_the_model() {
    let app = App::start().await;
    let first = told(&app, "remember that tea is green", json!({})).await;
    let id = id_of(&first);
    for reference in [json!(id), json!({"id": id})] {
        let answer = told(&app, "what is tea?", reference).await;
        assert_eq!(said(&answer), "green");
        assert_eq!(id_of(&answer), id);
    }
    assert_eq!(items(&app, &id).await.len(), 6);
}

#[tokio::test]
async fn the_model_is_shown_what_the_application_says_then_the_history_then_what_is_new() {
    let app = App::start().await;
    let first = told(&app, "reply exactly one", json!({})).await;
    let body = json!({"model": MODEL, "conversation": id_of(&first), "messages": [
        {"role": "user", "content": "before"},
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "count messages"},
    ]});
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    assert_eq!(said(&answer), "5");
    let asked = app.model().requests().pop().unwrap();
    assert_json_snapshot!(asked.body["messages"], @r#"
    [
      {
        "content": "be brief",
        "role": "system"
      },
      {
        "content": "reply exactly one",
        "role": "user"
      },
      {
        "content": "one",
        "role": "assistant"
      },
      {
        "content": "before",
        "role": "user"
      },
      {
        "content": "count messages",
        "role": "user"
      }
    ]
    "#);
    // What an application says belongs to its call, not to the conversation.
    let items = items(&app, &id_of(&first)).await;
    let texts: Vec<_> = items.iter().map(text_of).collect();
    assert_eq!(
        texts,
        ["reply exactly one", "one", "before", "count messages", "5"]
    );
}

#[tokio::test]
async fn a_stream_mentions_its_conversation_just_before_its_end() {
    let app = App::start().await;
    let body = with(
        streamed("reply exactly hi"),
        json!({"conversation": {}, "stream_options": {"include_usage": true}}),
    );
    let chunks = app.post(CHAT, body).await.expect_status(200).sse();
    let (mention, before) = chunks.split_last().unwrap();
    assert!(
        before
            .iter()
            .all(|chunk| chunk.get("conversation").is_none())
    );
    assert_eq!(mention["id"], before[0]["id"]);
    assert_json_snapshot!(mention, {
        ".id" => "[id]",
        ".created" => "[time]",
        ".conversation.id" => "[conversation]",
    }, @r#"
    {
      "choices": [],
      "conversation": {
        "id": "[conversation]",
        "title": "reply exactly hi"
      },
      "created": "[time]",
      "id": "[id]",
      "model": "scripted-1",
      "object": "chat.completion.chunk"
    }
    "#);
    assert_eq!(items(&app, &id_of(mention)).await.len(), 2);
}

#[tokio::test]
async fn a_conversation_is_titled_by_the_first_thing_the_person_said() {
    let app = App::start().await;
    let long = "the quick brown fox jumps over the lazy dog and then it sleeps for a week";
    let first = told(&app, long, json!({})).await;
    let title = "the quick brown fox jumps over the lazy dog and then it...";
    assert_eq!(first["conversation"]["title"], title);
    let second = told(&app, "something else", json!(id_of(&first))).await;
    assert_eq!(second["conversation"]["title"], title);
    let read = app
        .get(&format!("/v1/conversations/{}", id_of(&first)))
        .await
        .json();
    assert_eq!(read["title"], title);
}

#[tokio::test]
async fn calls_of_tools_and_what_they_gave_are_part_of_the_history() {
    let app = App::start().await;
    let body = with(
        chat("call tool brew with {\"text\":\"green\"}"),
        json!({"tools": [tool("brew")], "conversation": {}}),
    );
    let first = app.post(CHAT, body).await.expect_status(200).json();
    let call = first["choices"][0]["message"]["tool_calls"][0]["id"].clone();
    let body = json!({
        "model": MODEL,
        "messages": [{"role": "tool", "tool_call_id": call, "content": "a pot"}],
        "tools": [tool("brew")],
        "conversation": id_of(&first),
    });
    let second = app.post(CHAT, body).await.expect_status(200).json();
    assert_eq!(said(&second), "tool said: a pot");
    let kinds: Vec<_> = items(&app, &id_of(&first))
        .await
        .iter()
        .map(|item| item["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "function_call",
            "function_call_output",
            "message"
        ]
    );
    let asked = app.model().requests().pop().unwrap().body["messages"].clone();
    assert_eq!(
        asked[1]["tool_calls"][0]["function"]["arguments"],
        "{\"text\":\"green\"}"
    );
}

#[tokio::test]
async fn somebody_elses_conversation_is_as_good_as_none() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let theirs = id_of(&told(&stranger, "reply exactly hi", json!({})).await);
    let deleted = id_of(&told(&app, "reply exactly hi", json!({})).await);
    app.delete(&format!("/v1/conversations/{deleted}"))
        .await
        .expect_status(200);
    let missing = "conv_00000000000000000000000000000000".to_owned();
    app.model().forget_requests();
    let before = app.events().await.len();
    let mut refusals = Vec::new();
    for id in [&theirs, &deleted, &missing] {
        let body = with(chat("hi"), json!({"conversation": id}));
        let refused = app.post(CHAT, body).await.expect_status(404);
        refusals.push(refused.text().replace(id.as_str(), "ID"));
    }
    assert_eq!(refusals[0], refusals[2]);
    assert_eq!(refusals[1], refusals[2]);
    assert!(
        refusals[2].contains("\"param\":\"conversation\""),
        "{}",
        refusals[2]
    );
    assert_eq!(app.events().await.len(), before);
    assert_eq!(app.model().requests().len(), 0);
}

#[tokio::test]
async fn a_referrer_begins_a_conversation() {
    let app = App::start().await;
    let path = format!("{CHAT}?referrer=jan-web");
    let answer = app
        .post(&path, chat("reply exactly hi"))
        .await
        .expect_status(200)
        .json();
    let created = app
        .until_recorded(&id_of(&answer), "ConversationCreated")
        .await;
    assert_eq!(created["referrer"], "jan-web");
    let again = with(
        chat("reply exactly hi"),
        json!({"conversation": id_of(&answer)}),
    );
    let again = app.post(&path, again).await.expect_status(200).json();
    assert_eq!(id_of(&again), id_of(&answer));
}

#[tokio::test]
async fn a_referrer_that_no_conversation_can_have_is_refused() {
    let app = App::start().await;
    let before = app.events().await.len();
    let long = "r".repeat(65);
    for referrer in ["a%00b", "%00", "", &long, "a&referrer=b"] {
        let path = format!("{CHAT}?referrer={referrer}");
        for conversation in [json!(null), json!({}), json!("conv_x")] {
            let body = with(chat("hi"), json!({"conversation": conversation}));
            let refused = app.post(&path, body).await.expect_status(400);
            assert_eq!(refused.json()["error"]["param"], "referrer", "{referrer}");
        }
    }
    assert_eq!(app.events().await.len(), before);
}
