//! Items of conversations: added, listed, shown and removed.

use jan_tests::app::App;
use jan_tests::given::{chat, with};
use serde_json::{Value, json};

use super::conversations::{begun, forget_keys, ids, param, said};

fn named(id: &str, text: &str) -> Value {
    json!({"id": id, "role": "user", "content": text})
}

#[tokio::test]
async fn items_are_answered_whole_and_read_back_the_same() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    let path = format!("/v1/conversations/{id}/items");
    let sent = [
        json!({"id": null, "role": "user", "content": "hi"}),
        json!({"type": "message", "role": "assistant", "id": "msg_own",
            "content": [{"type": "output_text", "text": "yes"}]}),
        json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"}),
        json!({"type": "function_call_output", "call_id": "c1", "output": "4"}),
        json!({"type": "reasoning", "summary": [], "encrypted_content": "x"}),
    ];
    let made = app
        .post(&path, json!({"items": sent, "unknown": true}))
        .await;
    let made = made.expect_status(200).json();
    let names = ids(&made);
    assert_eq!(
        (
            &made["object"],
            &made["first_id"],
            &made["last_id"],
            &made["has_more"]
        ),
        (
            &json!("list"),
            &json!(names[0]),
            &json!(names[4]),
            &json!(false)
        )
    );
    assert!(names[0].starts_with("msg_"), "{names:?}");
    assert_eq!(
        made["data"][1],
        json!({"id": "msg_own", "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "yes", "annotations": []}]})
    );
    assert_eq!(made["data"][2]["arguments"], "{\"a\":1}");
    let listed = app
        .get(&format!(
            "{path}?order=asc&include[]=a&include[]=b&include=c"
        ))
        .await;
    assert_eq!(listed.header("x-consistency"), Some("strong"));
    assert_eq!(listed.expect_status(200).json(), made);
    for item in made["data"].as_array().unwrap() {
        let name = item["id"].as_str().unwrap();
        let read = app.get(&format!("{path}/{name}")).await;
        assert_eq!(&read.expect_status(200).json(), item);
    }
    let encoded = app
        .get(&format!("{path}/msg%5Fown").replace("conv_", "conv%5F"))
        .await;
    assert_eq!(encoded.expect_status(200).json()["id"], "msg_own");
}

#[tokio::test]
async fn items_are_paged_in_both_directions() {
    let app = App::start().await;
    let items: Vec<Value> = (0..5).map(|n| named(&format!("msg_{n}"), "x")).collect();
    let id = begun(&app, json!({"items": items})).await;
    let path = format!("/v1/conversations/{id}/items");
    for (order, expected) in [
        ("asc", ["msg_0", "msg_1", "msg_2", "msg_3", "msg_4"]),
        ("desc", ["msg_4", "msg_3", "msg_2", "msg_1", "msg_0"]),
    ] {
        let mut found: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let page = app
                .get(&format!("{path}?limit=2&order={order}{after}"))
                .await;
            let page = page.expect_status(200).json();
            found.extend(ids(&page));
            if page["has_more"] == false {
                break;
            }
            after = format!("&after={}", page["last_id"].as_str().unwrap());
        }
        assert_eq!(found, expected);
    }
    assert_eq!(ids(&app.get(&path).await.json())[0], "msg_4");
    let whole = app.get(&format!("{path}?limit=5")).await.json();
    assert_eq!(whole["has_more"], false);
    let beyond = app
        .get(&format!("{path}?order=asc&after=msg_4"))
        .await
        .json();
    assert_eq!(
        beyond,
        json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false})
    );
}

#[tokio::test]
async fn a_removed_item_answers_with_its_conversation_and_is_gone() {
    let app = App::start().await;
    let id = begun(
        &app,
        json!({"title": "t", "items": [named("msg_a", "a"), named("msg_b", "b")]}),
    )
    .await;
    let path = format!("/v1/conversations/{id}");
    let removed = app.delete(&format!("{path}/items/msg_a")).await;
    let removed = removed.expect_status(200).json();
    assert_eq!(removed["object"], "conversation");
    assert_eq!(removed, app.get(&path).await.json());
    assert_eq!(
        ids(&app.get(&format!("{path}/items")).await.json()),
        ["msg_b"]
    );
    for gone in ["msg_a", "msg_never"] {
        app.get(&format!("{path}/items/{gone}"))
            .await
            .expect_status(404);
        app.delete(&format!("{path}/items/{gone}"))
            .await
            .expect_status(404);
    }
    let again = app
        .post(
            &format!("{path}/items"),
            json!({"items": [named("msg_a", "a")]}),
        )
        .await;
    assert_eq!(param(&again.expect_status(400)).as_deref(), Some("items"));
}

#[tokio::test]
async fn the_same_item_again_is_no_news_and_another_under_its_id_is_refused() {
    let app = App::start().await;
    let id = begun(&app, json!({"items": [named("msg_a", "a")]})).await;
    let path = format!("/v1/conversations/{id}/items");
    let written = app.events_of(&id).await.len();
    let again = app
        .post(&path, json!({"items": [named("msg_a", "a")]}))
        .await;
    assert_eq!(ids(&again.expect_status(200).json()), ["msg_a"]);
    let other = app
        .post(&path, json!({"items": [named("msg_a", "other")]}))
        .await;
    let other = other.expect_status(400);
    assert_eq!(param(&other).as_deref(), Some("items"));
    assert_eq!(other.json()["error"]["code"], "duplicate_item");
    assert_eq!(app.events_of(&id).await.len(), written);
}

#[tokio::test]
async fn wrong_items_are_refused_at_their_place_and_nothing_is_written() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    let path = format!("/v1/conversations/{id}/items");
    let written = app.events().await.len();
    let deep = (0..70).fold(json!(1), |inner, _| json!([inner]));
    let twenty_one: Vec<Value> = (0..21).map(|_| said("x")).collect();
    for (items, field) in [
        (json!(["x"]), "items[0]"),
        (
            json!([said("a"), {"role": "king", "content": "x"}]),
            "items[1].role",
        ),
        (json!([{"role": "user"}]), "items[0].content"),
        (
            json!([{"role": "user", "content": [said("x"), 1]}]),
            "items[0].content[0].type",
        ),
        (
            json!([{"role": "user", "content": [
                {"type": "input_text", "text": "a"}, {"type": "input_text", "text": 1}]}]),
            "items[0].content[1].text",
        ),
        (json!([{"type": "gift"}]), "items[0].type"),
        (
            json!([{"id": "a b", "role": "user", "content": "x"}]),
            "items[0].id",
        ),
        (json!([{"type": "reasoning", "summary": deep}]), "items[0]"),
        (json!(twenty_one), "items"),
        (json!("x"), "items"),
        (json!({"a": 1}), "items"),
    ] {
        for path in [path.as_str(), "/v1/conversations"] {
            let refused = app
                .post(path, json!({"items": items}))
                .await
                .expect_status(400);
            assert_eq!(param(&refused).as_deref(), Some(field), "{path} {items}");
        }
    }
    for body in [json!({}), json!({"items": null})] {
        let refused = app.post(&path, body).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some("items"));
    }
    assert_eq!(app.events().await.len(), written);
    app.post(&path, json!({"items": twenty_one[..20]}))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_cursor_must_be_in_the_list() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let id = begun(
        &app,
        json!({"items": [named("msg_a", "a"), named("msg_b", "b")]}),
    )
    .await;
    begun(&app, json!({"items": [named("msg_elsewhere", "x")]})).await;
    begun(&stranger, json!({"items": [named("msg_foreign", "x")]})).await;
    let path = format!("/v1/conversations/{id}/items");
    app.delete(&format!("{path}/msg_b"))
        .await
        .expect_status(200);
    for after in [
        "msg_never",
        "msg_elsewhere",
        "msg_foreign",
        "msg_b",
        "a%20b",
        "%ff",
        "msg_%00",
    ] {
        let refused = app.get(&format!("{path}?after={after}")).await;
        assert_eq!(
            param(&refused.expect_status(400)).as_deref(),
            Some("after"),
            "{after}"
        );
    }
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=abc", "limit"),
        ("order=newest", "order"),
    ] {
        let refused = app.get(&format!("{path}?{query}")).await;
        assert_eq!(
            param(&refused.expect_status(400)).as_deref(),
            Some(name),
            "{query}"
        );
    }
    for item in ["a%20b", "%ff", "%00"] {
        let refused = app.get(&format!("{path}/{item}")).await;
        assert_eq!(
            param(&refused.expect_status(400)).as_deref(),
            Some("item_id"),
            "{item}"
        );
    }
}

#[tokio::test]
async fn under_jans_prefix_items_say_where_and_when() {
    let app = App::start().await;
    let id = begun(
        &app,
        json!({"items": [named("msg_a", "a"), named("msg_b", "b")]}),
    )
    .await;
    let path = format!("/llm/v1/conversations/{id}/items");
    app.delete(&format!("{path}/msg_b"))
        .await
        .expect_status(200);
    let made = app
        .post(&path, json!({"items": [named("msg_c", "c")]}))
        .await;
    let made = made.expect_status(200).json();
    let item = &made["data"][0];
    assert_eq!(
        (&item["object"], &item["branch"], &item["sequence_number"]),
        (&json!("conversation.item"), &json!("MAIN"), &json!(3))
    );
    let at = item["created_at"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
    assert_eq!(app.get(&format!("{path}/msg_c")).await.json(), *item);
    let listed = app.get(&path).await.json();
    assert_eq!(ids(&listed), ["msg_c", "msg_a"]);
    assert_eq!(listed["data"][1]["sequence_number"], 1);
    let plain = app.get(&path.replace("/llm", "")).await.json();
    assert!(plain["data"][0].get("sequence_number").is_none(), "{plain}");
}

#[tokio::test]
async fn a_key_adds_its_items_once_even_when_its_outcome_was_lost() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    let path = format!("/v1/conversations/{id}/items");
    let add = || {
        let body = json!({"items": [said("a"), said("b")]});
        app.post(&path, body).header("idempotency-key", "k1")
    };
    let first = add().await.expect_status(200).json();
    forget_keys(&app).await;
    app.post(&path, json!({"items": [said("later")]}))
        .await
        .expect_status(200);
    let written = app.events_of(&id).await.len();
    assert_eq!(add().await.expect_status(200).json(), first);
    assert_eq!(app.events_of(&id).await.len(), written);
}

#[tokio::test]
async fn what_was_said_in_a_chat_is_listed_at_once() {
    let app = App::start().await;
    let call = with(chat("reply exactly hello"), json!({"conversation": {}}));
    let answer = app.post("/v1/chat/completions", call).await;
    let answer = answer.expect_status(200).json();
    let id = answer["conversation"]["id"].as_str().unwrap();
    let items = app
        .get(&format!("/v1/conversations/{id}/items?order=asc"))
        .await;
    let items = items.expect_status(200).json();
    assert_eq!(
        items["data"][0]["content"][0]["text"],
        "reply exactly hello"
    );
    assert_eq!(items["data"][1]["content"][0]["text"], "hello");
    assert_eq!(items["data"][1]["role"], "assistant");
}
