//! `Idempotency-Key`: the same key carries a request out once.

use std::future::IntoFuture as _;
use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::{chat, streamed, with};
use jan_tests::request::{Answer, Client};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{CHAT, said, text_of};

const KEY: &str = "idempotency-key";

async fn keyed(client: &Client, key: &str, body: &Value) -> Answer {
    client.post(CHAT, body.clone()).header(KEY, key).await
}

async fn calls_on_record(app: &App) -> usize {
    let events = app.events().await;
    let calls = events
        .iter()
        .filter(|event| event.event_type == "ResponseRequested");
    calls.count()
}

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer_and_one_call() {
    let app = App::start().await;
    let body = chat("reply exactly hi");
    let first = keyed(&app, "k1", &body).await.expect_status(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    let second = keyed(&app, "k1", &body).await.expect_status(200);
    assert_eq!(second.text(), first.text());
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(second.header("content-type"), first.header("content-type"));
    assert_eq!(app.model().requests().len(), 1);
    assert_eq!(calls_on_record(&app).await, 1);
    let other = keyed(&app, "k2", &body).await.expect_status(200).json();
    assert_ne!(other["id"], first.json()["id"]);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = App::start().await;
    keyed(&app, "k", &chat("reply exactly hi"))
        .await
        .expect_status(200);
    let refused = keyed(&app, "k", &chat("reply exactly ho"))
        .await
        .expect_status(400);
    assert_eq!(refused.json()["error"]["code"], "idempotency_key_reused");
    assert_eq!(refused.json()["error"]["param"], "Idempotency-Key");
    assert_eq!(calls_on_record(&app).await, 1);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict_that_ends() {
    let app = App::start().await;
    let body = chat("[first_token_ms=500] reply exactly hi");
    let first = keyed(&app, "k", &body);
    let second = async {
        app.model().until_in_flight(1).await;
        keyed(&app, "k", &body).await
    };
    let (first, second) = tokio::join!(first, second);
    let second = second.expect_status(409);
    assert_eq!(second.json()["error"]["code"], "idempotency_key_in_use");
    assert_eq!(second.header("retry-after"), Some("1"));
    let third = keyed(&app, "k", &body).await.expect_status(200);
    assert_eq!(third.text(), first.expect_status(200).text());
    assert_eq!(app.model().requests().len(), 1);
}

#[tokio::test]
async fn a_stream_is_told_again_from_its_record() {
    let app = App::start().await;
    for body in [
        streamed("think of leaves then count to 5"),
        with(
            streamed("count to 5"),
            json!({"conversation": {}, "stream_options": {"include_usage": true}}),
        ),
        with(streamed("count to 5"), json!({"n": 2})),
    ] {
        let key = format!("k{}", calls_on_record(&app).await);
        let first = keyed(&app, &key, &body).await.expect_status(200).sse();
        let second = keyed(&app, &key, &body).await.expect_status(200);
        assert_eq!(
            second.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        let second = second.sse();
        for place in 0..2 {
            assert_eq!(text_of(&second, place), text_of(&first, place));
        }
        assert!(second.iter().all(|chunk| chunk["id"] == first[0]["id"]));
        let conversation = |chunks: &[Value]| chunks.last().unwrap()["conversation"]["id"].clone();
        assert_eq!(conversation(&second), conversation(&first));
        let usage = |chunks: &[Value]| {
            let told = chunks.iter().find(|chunk| chunk["usage"].is_object());
            told.map(|chunk| chunk["usage"]["total_tokens"].clone())
        };
        assert_eq!(usage(&second), usage(&first));
    }
    assert_eq!(app.model().requests().len(), 3);
}

#[tokio::test]
async fn a_conversation_begun_under_a_key_is_begun_once() {
    let app = App::start().await;
    let body = with(chat("reply exactly hi"), json!({"conversation": {}}));
    let first = keyed(&app, "k", &body).await.expect_status(200).json();
    let second = keyed(&app, "k", &body).await.expect_status(200).json();
    assert_eq!(second["conversation"], first["conversation"]);
    let list = app.get("/v1/conversations").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let path = format!(
        "/v1/conversations/{}/items",
        first["conversation"]["id"].as_str().unwrap()
    );
    assert_eq!(
        app.get(&path).await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn two_callers_may_use_the_same_key() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let body = chat("reply exactly hi");
    let mine = keyed(&app, "k", &body).await.expect_status(200).json();
    let theirs = keyed(&stranger, "k", &body).await.expect_status(200).json();
    assert_ne!(mine["id"], theirs["id"]);
    keyed(&stranger, "k", &chat("another"))
        .await
        .expect_status(400);
}

#[tokio::test]
async fn a_key_belongs_to_its_route() {
    let app = App::start().await;
    let chat = keyed(&app, "k", &chat("reply exactly hi"))
        .await
        .expect_status(200);
    let begun = app
        .post("/v1/conversations", json!({}))
        .header(KEY, "k")
        .await
        .expect_status(200);
    assert_ne!(chat.json()["object"], begun.json()["object"]);
    let again = app
        .post("/v1/conversations", json!({}))
        .header(KEY, "k")
        .await
        .expect_status(200);
    assert_eq!(again.text(), begun.text());
}

#[tokio::test]
async fn a_key_belongs_to_the_query_and_the_flavour_too() {
    let app = App::start().await;
    let body = chat("reply exactly hi");
    let mut ids = std::collections::BTreeSet::new();
    let jan = format!("/llm{CHAT}");
    for path in [CHAT, &format!("{CHAT}?referrer=a"), &jan] {
        let asked = || app.post(path, body.clone()).header(KEY, "k");
        let first = asked().await.expect_status(200);
        assert_eq!(first.header("idempotency-replayed"), None, "{path}");
        let again = asked().await.expect_status(200);
        assert_eq!(again.text(), first.text(), "{path}");
        ids.insert(first.json()["id"].to_string());
    }
    assert_eq!(ids.len(), 3);
    let long = format!("{CHAT}?x={}", "y".repeat(5_000));
    app.post(&long, body)
        .header(KEY, "k")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn whenever_a_client_leaves_its_key_does_not_stay_in_use() {
    let app = App::start().await;
    let body = chat("reply exactly hi");
    for microseconds in (0..6_000).step_by(300) {
        let leaves = app.post(CHAT, body.clone()).header(KEY, "k").into_future();
        let patience = Duration::from_micros(microseconds);
        // Whether it was answered before does not matter here.
        let _left = timeout(patience, leaves).await;
        let answer = until_finished(&app, &body).await;
        assert_eq!(said(&answer.json()), "hi");
        sqlx::query("delete from idempotency_keys")
            .execute(app.pool())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_key_is_settled_once_the_database_lets_it() {
    let app = App::start().await;
    for sql in [
        "create function refuse() returns trigger language plpgsql as
            $$ begin raise exception 'not now'; end $$",
        "create trigger refuse before update or delete on idempotency_keys
            for each row execute function refuse()",
    ] {
        sqlx::query(sql).execute(app.pool()).await.unwrap();
    }
    let body = chat("reply exactly hi");
    let first = keyed(&app, "k", &body).await.expect_status(200);
    let refused = json!({"model": "scripted-1"});
    keyed(&app, "bad", &refused).await.expect_status(400);
    keyed(&app, "k", &body).await.expect_status(409);
    keyed(&app, "bad", &refused).await.expect_status(409);
    sqlx::query("drop trigger refuse on idempotency_keys")
        .execute(app.pool())
        .await
        .unwrap();
    let again = until_finished(&app, &body).await;
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(app.model().requests().len(), 1);
    let settled = timeout(Duration::from_secs(10), async {
        while keyed(&app, "bad", &refused).await.status() == 409 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    settled.await.expect("the key of a refusal is let go");
}

#[tokio::test]
async fn a_client_that_leaves_finds_the_answer_under_its_key() {
    let app = App::start().await;
    for body in [
        chat("[first_token_ms=300] count to 5"),
        streamed("[frame_ms=60] count to 5"),
    ] {
        let leaves = app.post(CHAT, body.clone()).header(KEY, "k").into_future();
        let left = timeout(Duration::from_millis(150), leaves).await;
        assert!(left.is_err(), "it was answered before the client left");
        let stream = body["stream"] == true;
        let answer = until_finished(&app, &body).await;
        if stream {
            assert_eq!(text_of(&answer.sse(), 0), "1 2 3 4 5");
        } else {
            assert_eq!(said(&answer.json()), "1 2 3 4 5");
        }
        assert_eq!(app.model().requests().len(), 1);
        assert_eq!(app.model().cancelled(), 0);
        app.model().forget_requests();
        sqlx::query("delete from idempotency_keys")
            .execute(app.pool())
            .await
            .unwrap();
    }
}

async fn until_finished(app: &App, body: &Value) -> Answer {
    let finished = timeout(Duration::from_secs(10), async {
        loop {
            let answer = keyed(app, "k", body).await;
            if answer.status() != 409 {
                return answer.expect_status(200);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    finished.await.expect("the call ends")
}

#[tokio::test]
async fn what_was_refused_or_failed_can_be_tried_again() {
    let app = App::start().await;
    for _ in 0..2 {
        let refused = keyed(&app, "bad", &json!({"model": "scripted-1"})).await;
        let refused = refused.expect_status(400);
        assert_eq!(refused.json()["error"]["param"], "messages");
        assert_eq!(refused.header("idempotency-replayed"), None);
    }
    keyed(&app, "bad", &chat("reply exactly hi"))
        .await
        .expect_status(200);
    for (key, fault) in [("f1", "500"), ("f2", "429"), ("f3", "hang_up")] {
        for deliver in [chat, streamed] {
            let key = format!("{key}{}", deliver("")["stream"]);
            let body = with(
                deliver(&format!("reply exactly hi [fault_once={fault}:{key}]")),
                json!({"conversation": {}}),
            );
            let failed = keyed(&app, &key, &body).await;
            assert!(failed.status() >= 429, "{}", failed.text());
            let answer = keyed(&app, &key, &body).await.expect_status(200);
            let again = keyed(&app, &key, &body).await.expect_status(200);
            if body["stream"] == true {
                assert_eq!(text_of(&answer.sse(), 0), "hi");
                assert_eq!(again.sse()[0]["id"], answer.sse()[0]["id"]);
                let mentions = [&again, &answer]
                    .map(|told| told.sse().last().unwrap()["conversation"]["id"].clone());
                assert_eq!(mentions[0], mentions[1]);
            } else {
                assert_eq!(again.text(), answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_failed_in_the_middle_can_be_tried_again() {
    let app = App::start().await;
    let body = streamed("[fault_once=cut:once] count to 5");
    let failed = keyed(&app, "k", &body).await.expect_status(200).sse();
    assert_eq!(failed.last().unwrap()["error"]["code"], "provider_cut");
    let answer = keyed(&app, "k", &body).await.expect_status(200).sse();
    assert_eq!(text_of(&answer, 0), "1 2 3 4 5");
    let again = keyed(&app, "k", &body).await.expect_status(200).sse();
    assert_eq!(text_of(&again, 0), "1 2 3 4 5");
    assert_eq!(app.model().requests().len(), 2);
}

#[tokio::test]
async fn an_answer_that_was_not_to_be_kept_is_not_asked_for_twice() {
    let app = App::start().await;
    let body = with(streamed("reply exactly wormwood"), json!({"store": false}));
    keyed(&app, "k", &body).await.expect_status(200);
    let refused = keyed(&app, "k", &body).await.expect_status(400);
    assert_eq!(refused.json()["error"]["code"], "answer_not_kept");
    assert_eq!(app.model().requests().len(), 1);
}

#[tokio::test]
async fn a_key_is_a_visible_word() {
    let app = App::start().await;
    let before = app.events().await.len();
    for bad in ["", " ", "a b", &"k".repeat(256), "caf\u{e9}"] {
        let refused = keyed(&app, bad, &chat("hi")).await.expect_status(400);
        assert_eq!(
            refused.json()["error"]["param"],
            "Idempotency-Key",
            "{bad:?}"
        );
    }
    assert_eq!(app.events().await.len(), before);
    keyed(&app, &"k".repeat(255), &chat("hi"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_key_works_on_whichever_node_it_arrives() {
    let app = App::start().await;
    let second = app.second_node().await;
    let there = second.with_token(app.token());
    let body = chat("reply exactly hi");
    let first = keyed(&app, "k", &body).await.expect_status(200);
    let again = keyed(&there, "k", &body).await.expect_status(200);
    assert_eq!(again.text(), first.text());
    assert_eq!(app.model().requests().len(), 1);
}
