//! Conversations: their life, their lists, and who may see them.

use jan_tests::app::App;
use jan_tests::request::{Answer, Client};
use serde_json::{Value, json};

const NOWHERE: &str = "conv_00000000000000000000000000000000";

/// A new conversation of `client`, by id.
pub(super) async fn begun(client: &Client, body: Value) -> String {
    let made = client.post("/v1/conversations", body).await;
    let made = made.expect_status(200).json();
    made["id"].as_str().unwrap().to_owned()
}

/// A message as clients send it.
pub(super) fn said(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// What a refusal is about. It must have OpenAI's shape.
#[track_caller]
pub(super) fn param(refusal: &Answer) -> Option<String> {
    let body = refusal.json();
    let error = body["error"].as_object().unwrap();
    assert_eq!(error["type"], "invalid_request_error", "{body}");
    assert!(
        error["message"].is_string() && error["code"].is_string(),
        "{body}"
    );
    error["param"].as_str().map(str::to_owned)
}

/// The ids of a list.
pub(super) fn ids(list: &Value) -> Vec<String> {
    let entries = list["data"].as_array().unwrap();
    let ids = entries.iter().map(|entry| entry["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_conversation_reads_back_as_it_was_created() {
    let app = App::start().await;
    let body = json!({"title": "Plans", "metadata": {"k": "v"}, "referrer": "jan",
        "items": [said("hi")], "someday": 1});
    let made = app.post("/v1/conversations", body).await;
    let made = made.expect_status(200).json();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("conv_"), "{id}");
    let began = made["created_at"].as_i64().unwrap();
    assert_eq!(
        made,
        json!({"id": id, "object": "conversation", "created_at": began, "title": "Plans",
            "metadata": {"k": "v"}, "referrer": "jan"})
    );
    let read = app.get(&format!("/v1/conversations/{id}")).await;
    assert_eq!(read.header("x-consistency"), Some("strong"));
    assert_eq!(read.expect_status(200).json(), made);
    let items = app.get(&format!("/v1/conversations/{id}/items")).await;
    assert_eq!(items.json()["data"][0]["content"][0]["text"], "hi");
}

#[tokio::test]
async fn a_conversation_needs_nothing_to_begin() {
    let app = App::start().await;
    let made = app.post("/v1/conversations", json!({})).await;
    let made = made.expect_status(200).json();
    assert_eq!(made["metadata"], json!({}));
    assert!(made.get("title").is_none() && made.get("referrer").is_none());
    let junk = app.post("/v1/conversations", json!({}));
    let junk = junk.body(r#"{"title": "a"} trailing junk"#).await;
    assert_eq!(junk.expect_status(200).json()["title"], "a");
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let app = App::start().await;
    let id = begun(&app, json!({"title": "a", "metadata": {"k": "v"}})).await;
    let path = format!("/v1/conversations/{id}");
    let posted = app.post(&path, json!({"metadata": {"n": "1"}})).await;
    let posted = posted.expect_status(200).json();
    assert_eq!(
        (&posted["title"], &posted["metadata"]),
        (&json!("a"), &json!({"n": "1"}))
    );
    let patched = app
        .patch(&path, json!({"title": "b", "referrer": "r"}))
        .await;
    let patched = patched.expect_status(200).json();
    assert_eq!(
        (&patched["title"], &patched["metadata"]),
        (&json!("b"), &json!({"n": "1"}))
    );
    assert_eq!(app.get(&path).await.json(), patched);
    let written = app.events_of(&id).await.len();
    let again = app
        .patch(&path, json!({"title": "b", "metadata": null}))
        .await;
    assert_eq!(again.expect_status(200).json(), patched);
    assert_eq!(app.events_of(&id).await.len(), written);
}

#[tokio::test]
async fn a_deleted_conversation_is_not_there() {
    let app = App::start().await;
    let id = begun(
        &app,
        json!({"items": [{"id": "msg_a", "role": "user", "content": "x"}]}),
    )
    .await;
    let path = format!("/v1/conversations/{id}");
    let deleted = app.delete(&path).await;
    assert_eq!(
        deleted.expect_status(200).json(),
        json!({"id": id, "object": "conversation.deleted", "deleted": true})
    );
    for (place, answer) in everything(&app, &id, "msg_a").await.into_iter().enumerate() {
        assert_eq!(answer.status(), 404, "{place}: {}", answer.text());
    }
    assert_eq!(app.get("/v1/conversations").await.json()["total"], 0);
}

/// One request to every route that names a conversation.
async fn everything(client: &Client, id: &str, item: &str) -> Vec<Answer> {
    let path = format!("/v1/conversations/{id}");
    let items = format!("{path}/items");
    let one = format!("{items}/{item}");
    vec![
        client.get(&path).await,
        client.post(&path, json!({"title": "mine"})).await,
        client.patch(&path, json!({"title": "mine"})).await,
        client.get(&items).await,
        client.post(&items, json!({"items": [said("mine")]})).await,
        client.get(&one).await,
        client.delete(&one).await,
        client.delete(&path).await,
    ]
}

#[tokio::test]
async fn somebody_elses_conversation_answers_like_none() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let id = begun(
        &app,
        json!({"title": "secret",
        "items": [{"id": "msg_a", "role": "user", "content": "x"}]}),
    )
    .await;
    let written = app.events_of(&id).await.len();
    let foreign = everything(&stranger, &id, "msg_a").await;
    let missing = everything(&stranger, NOWHERE, "msg_a").await;
    for (place, (foreign, missing)) in foreign.iter().zip(&missing).enumerate() {
        assert_eq!((foreign.status(), missing.status()), (404, 404), "{place}");
        assert_eq!(
            foreign.text(),
            missing.text().replace(NOWHERE, &id),
            "{place}"
        );
    }
    assert_eq!(app.events_of(&id).await.len(), written);
    let seen = stranger.get("/v1/conversations").await.json();
    assert_eq!((&seen["data"], &seen["total"]), (&json!([]), &json!(0)));
    let after = stranger.get(&format!("/v1/conversations?after={id}")).await;
    assert_eq!(param(&after.expect_status(400)).as_deref(), Some("after"));
    app.get(&format!("/v1/conversations/{id}/items/msg_a"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn the_list_pages_in_both_directions_and_counts() {
    let app = App::start().await;
    let mut made = Vec::new();
    for referrer in ["a", "b", "a", "b", "a"] {
        made.push(begun(&app, json!({"referrer": referrer})).await);
    }
    let oldest = pages(&app, "order=asc&limit=2").await;
    assert_eq!(oldest, made);
    made.reverse();
    assert_eq!(pages(&app, "limit=2").await, made);
    let first = app.get("/v1/conversations?limit=2").await;
    assert_eq!(first.header("x-consistency"), Some("strong"));
    let first = first.json();
    assert_eq!(
        (&first["object"], &first["total"], &first["has_more"]),
        (&json!("list"), &json!(5), &json!(true))
    );
    assert_eq!(
        (&first["first_id"], &first["last_id"]),
        (&json!(made[0]), &json!(made[1]))
    );
    let some = app
        .get("/v1/conversations?referrer=b&order=asc")
        .await
        .json();
    assert_eq!(ids(&some), [made[3].clone(), made[1].clone()]);
    assert_eq!(some["total"], 2);
    let none = app.get("/v1/conversations?referrer=nobody").await.json();
    assert_eq!(
        none,
        json!({"object": "list", "data": [], "first_id": null, "last_id": null,
            "has_more": false, "total": 0})
    );
}

/// All ids of the list, page by page.
async fn pages(client: &Client, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|id| format!("&after={id}"));
        let path = format!("/v1/conversations?{query}{}", after.unwrap_or_default());
        let page = client.get(&path).await.expect_status(200).json();
        found.extend(ids(&page));
        if page["has_more"] == false {
            return found;
        }
    }
}

#[tokio::test]
async fn all_of_ones_conversations_can_be_deleted_at_once() {
    let app = App::start().await;
    let other = app.guest().await;
    let kept = begun(&other, json!({})).await;
    let many = 103;
    for _ in 0..many {
        begun(&app, json!({})).await;
    }
    for count in [many, 0] {
        let deleted = app.delete("/v1/conversations").await;
        assert_eq!(
            deleted.expect_status(200).json(),
            json!({"object": "conversations.deleted", "deleted": true, "deleted_count": count})
        );
    }
    assert_eq!(app.get("/v1/conversations").await.json()["total"], 0);
    other
        .get(&format!("/v1/conversations/{kept}"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_wrong_body_is_refused_at_its_field_and_nothing_is_written() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    let written = app.events().await.len();
    let pairs = |count| Value::Object((0..count).map(|n| (n.to_string(), json!("v"))).collect());
    let cases = [
        (json!({"title": 1}), "title"),
        (json!({"title": "é".repeat(257)}), "title"),
        (json!({"referrer": ""}), "referrer"),
        (json!({"referrer": "r".repeat(65)}), "referrer"),
        (json!({"metadata": "x"}), "metadata"),
        (json!({"metadata": ["x"]}), "metadata"),
        (json!({"metadata": {"k": 1}}), "metadata.k"),
        (json!({"metadata": {"k": null}}), "metadata.k"),
        (json!({"metadata": {"k": "v".repeat(513)}}), "metadata.k"),
        (json!({"metadata": {"": "v"}}), "metadata"),
        (json!({"metadata": {"k".repeat(65): "v"}}), "metadata"),
        (json!({"metadata": pairs(17)}), "metadata"),
    ];
    for (body, field) in cases {
        for path in [
            "/v1/conversations".to_owned(),
            format!("/v1/conversations/{id}"),
        ] {
            let refused = app.post(&path, body.clone()).await.expect_status(400);
            assert_eq!(param(&refused).as_deref(), Some(field), "{path} {body}");
        }
    }
    for body in [
        "[]",
        "\"x\"",
        "7",
        "{\"title\": \"a\\u0000b\"}",
        "{\"title\": \"\\ud800\"}",
        "{",
        "\u{1}",
    ] {
        let refused = app.post("/v1/conversations", json!({})).body(body).await;
        param(&refused.expect_status(400));
    }
    assert_eq!(app.events().await.len(), written);
    let most = json!({"title": "é".repeat(256), "referrer": "r".repeat(64),
        "metadata": {"k".repeat(64): "é".repeat(512)}});
    app.post("/v1/conversations", most).await.expect_status(200);
    app.post("/v1/conversations", json!({"metadata": pairs(16)}))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_wrong_query_or_id_is_refused_by_name() {
    let app = App::start().await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=101", "limit"),
        ("limit=abc", "limit"),
        ("order=up", "order"),
        ("after=garbage", "after"),
        ("after=conv_%ff", "after"),
        ("after=conv_unknown", "after"),
        ("referrer=a%00", "referrer"),
    ] {
        let refused = app.get(&format!("/v1/conversations?{query}")).await;
        assert_eq!(
            param(&refused.expect_status(400)).as_deref(),
            Some(name),
            "{query}"
        );
    }
    for id in [
        "resp_1",
        "conv_",
        "conv_a%20b",
        "conv_%00",
        "%ff",
        "conv_é",
        &"conv_a".repeat(40),
    ] {
        let id = id.replace('é', "%C3%A9");
        for (place, refused) in everything(&app, &id, "msg_a").await.into_iter().enumerate() {
            let refused = refused.expect_status(400);
            assert_eq!(
                param(&refused).as_deref(),
                Some("conversation_id"),
                "{place} {id}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_makes_one_conversation_even_when_its_outcome_was_lost() {
    let app = App::start().await;
    let create = || {
        let body = json!({"title": "once", "items": [said("a"), said("b")]});
        app.post("/v1/conversations", body)
            .header("idempotency-key", "k1")
    };
    let first = create().await.expect_status(200).json();
    let replayed = create().await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!(replayed.json(), first);
    forget_keys(&app).await;
    let written = app.events().await.len();
    let repeated = create().await;
    assert_eq!(repeated.header("idempotency-replayed"), None);
    assert_eq!(repeated.expect_status(200).json(), first);
    assert_eq!(app.events().await.len(), written);
    let stranger = app.guest().await;
    let other = stranger.post("/v1/conversations", json!({"title": "once"}));
    let other = other.header("idempotency-key", "k1").await;
    assert_ne!(other.expect_status(200).json()["id"], first["id"]);
}

/// As if the process had died after the events and before the outcome was kept.
pub(super) async fn forget_keys(app: &App) {
    let gone = sqlx::query("delete from idempotency_keys")
        .execute(app.pool())
        .await;
    assert!(gone.unwrap().rows_affected() > 0);
}

#[tokio::test]
async fn jans_prefix_leads_to_the_same_conversations_in_jans_words() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    app.get(&format!("/llm/v1/conversations/{id}"))
        .await
        .expect_status(200);
    let missing = app.get(&format!("/llm/v1/conversations/{NOWHERE}")).await;
    let missing = missing.expect_status(404).json();
    assert_eq!(missing["code"], "not_found");
    assert!(missing["error"].is_string());
}
