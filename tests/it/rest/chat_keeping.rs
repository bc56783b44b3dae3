//! What a conversation keeps of a call: all of it once, or nothing.

use std::future::IntoFuture as _;

use jan_tests::app::App;
use jan_tests::given::{chat, streamed, with};
use jan_tests::request::Client;
use serde_json::json;

use super::chat_conversations::{id_of, items, text_of, told};
use super::{CHAT, kinds_of, said};

#[tokio::test]
async fn an_answer_and_what_its_conversation_gains_are_recorded_together_or_not_at_all() {
    let app = App::start().await;
    let answer = told(&app, "reply exactly hi", json!({})).await;
    let sql = "select count(distinct xid::text), count(*) from events where event_type = any($1)";
    let ending = [
        "ResponseCompleted",
        "ConversationItemsAppended",
        "ConversationTitleChanged",
    ];
    let ended: (i64, i64) = sqlx::query_as(sql)
        .bind(&ending[..])
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(ended, (1, 3));
    let beginning = ["ResponseRequested", "ConversationCreated"];
    let began: (i64, i64) = sqlx::query_as(sql)
        .bind(&beginning[..])
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(began, (1, 2));
    let recorded = app.events_of(&id_of(&answer)).await;
    assert_eq!(
        kinds_of(&recorded),
        [
            "ConversationCreated",
            "ConversationItemsAppended",
            "ConversationTitleChanged"
        ]
    );
}

#[tokio::test]
async fn a_call_that_is_not_to_be_stored_leaves_no_word_behind() {
    let app = App::start().await;
    let first = told(&app, "reply exactly hi", json!({})).await;
    for delivery in [false, true] {
        let body = with(
            chat("reply exactly wormwood, said Ann"),
            json!({"store": false, "stream": delivery, "conversation": id_of(&first), "metadata": {"k": "v"}}),
        );
        let answer = app.post(CHAT, body).await.expect_status(200);
        assert!(answer.text().contains("wormwood"));
    }
    let events = app.events().await;
    assert!(
        !events
            .iter()
            .any(|event| event.payload.contains("wormwood")),
        "it is on record"
    );
    assert_eq!(items(&app, &id_of(&first)).await.len(), 2);
    let completed = events
        .iter()
        .filter(|event| event.event_type == "ResponseCompleted");
    assert_eq!(
        completed.count(),
        3,
        "that there was a call is still on record"
    );
}

#[tokio::test]
async fn what_the_model_thought_is_kept_only_when_asked() {
    let app = App::start().await;
    let prompt = "think of leaves then reply tea";
    for keep in [false, true] {
        for body in [chat(prompt), streamed(prompt)] {
            let body = with(body, json!({"conversation": {}, "store_reasoning": keep}));
            app.post(CHAT, body).await.expect_status(200);
            let list = app.get("/v1/conversations?limit=1").await.json();
            let id = list["data"][0]["id"].as_str().unwrap();
            let answer = items(&app, id).await.pop().unwrap();
            let kinds: Vec<_> = answer["content"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| &part["type"])
                .collect();
            let thought = kinds.contains(&&json!("reasoning_text"));
            assert_eq!(thought, keep, "{answer}");
        }
    }
}

#[tokio::test]
async fn calls_that_continue_a_conversation_at_once_all_land_in_it_once() {
    let app = App::start().await;
    let second = app.second_node().await;
    let other = second.with_token(app.token());
    let first = told(&app, "reply exactly hi", json!({})).await;
    let id = id_of(&first);
    let calls = (0..6).map(|number| {
        let client: &Client = if number % 2 == 0 { &app } else { &other };
        let id = id.clone();
        async move {
            told(
                client,
                &format!("[frame_ms=10] reply exactly {number}"),
                json!(id),
            )
            .await
        }
    });
    futures::future::join_all(calls).await;
    let items = items(&app, &id).await;
    assert_eq!(items.len(), 14);
    for number in 0..6 {
        let answer = number.to_string();
        let place = items
            .iter()
            .position(|item| text_of(item) == answer)
            .unwrap();
        assert_eq!(
            text_of(&items[place - 1]),
            format!("[frame_ms=10] reply exactly {number}")
        );
        assert_eq!(
            items.iter().filter(|item| text_of(item) == answer).count(),
            1
        );
    }
}

#[tokio::test]
async fn a_conversation_that_is_deleted_meanwhile_gains_nothing() {
    let app = App::start().await;
    let id = id_of(&told(&app, "reply exactly hi", json!({})).await);
    let body = with(
        chat("[first_token_ms=400] reply exactly late"),
        json!({"conversation": id}),
    );
    let call = app.post(CHAT, body);
    let delete = async {
        app.model().until_in_flight(1).await;
        app.delete(&format!("/v1/conversations/{id}"))
            .await
            .expect_status(200)
    };
    let (answer, _) = tokio::join!(call.into_future(), delete);
    assert_eq!(said(&answer.expect_status(200).json()), "late");
    let recorded = app.events_of(&id).await;
    assert_eq!(kinds_of(&recorded).last(), Some(&"ConversationDeleted"));
}
