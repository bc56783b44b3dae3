//! Stored completions: what `store: true` lets a caller read back.

use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, streamed, with};
use jan_tests::request::{Answer, Client};
use serde_json::{Value, json};

use super::conversations::{ids, param};

const CHAT: &str = "/v1/chat/completions";
const NOWHERE: &str = "chatcmpl-00000000000000000000000000000000";

/// The answer of a call that is kept.
async fn kept(client: &Client, said: &str, metadata: Value) -> Value {
    let call = with(chat(said), json!({"store": true, "metadata": metadata}));
    client.post(CHAT, call).await.expect_status(200).json()
}

fn id(answer: &Value) -> &str {
    answer["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_stored_completion_reads_back_as_it_was_answered() {
    let app = App::start().await;
    let answer = kept(&app, "reply exactly hi", json!({"k": "v"})).await;
    let read = app.get(&format!("{CHAT}/{}", id(&answer))).await;
    assert_eq!(read.header("x-consistency"), Some("strong"));
    let read = read.expect_status(200).json();
    for field in [
        "id",
        "object",
        "model",
        "choices",
        "service_tier",
        "system_fingerprint",
    ] {
        assert_eq!(read[field], answer[field], "{field}");
    }
    for tokens in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert_eq!(read["usage"][tokens], answer["usage"][tokens], "{tokens}");
    }
    assert!(read["usage"]["prompt_tokens_details"]["cached_tokens"].is_u64());
    assert!(read["usage"]["completion_tokens_details"]["reasoning_tokens"].is_u64());
    assert!(read["created"].is_i64());
    assert_eq!(read["metadata"], json!({"k": "v"}));
    let listed = app.get(CHAT).await.expect_status(200).json();
    assert_eq!(listed["data"], json!([read]));
    assert_eq!(listed["first_id"], answer["id"]);
}

#[tokio::test]
async fn a_streamed_answer_reads_back_whole() {
    let app = App::start().await;
    let call = with(streamed("count to 5"), json!({"store": true}));
    let chunks = app.post(CHAT, call).await.expect_status(200).sse();
    let read = app.get(&format!("{CHAT}/{}", id(&chunks[0]))).await;
    let read = read.expect_status(200).json();
    assert_eq!(read["choices"][0]["message"]["content"], "1 2 3 4 5");
    assert_eq!(read["choices"][0]["message"]["role"], "assistant");
    assert_eq!(read["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn only_what_was_asked_to_be_stored_is_there() {
    let app = App::start().await;
    for store in [json!({}), json!({"store": false}), json!({"store": null})] {
        let call = with(chat("reply exactly hi"), store.clone());
        let answer = app.post(CHAT, call).await.expect_status(200).json();
        for refused in everything(&app, id(&answer)).await {
            assert_eq!(refused.status(), 404, "{store}: {}", refused.text());
        }
    }
    let listed = app.get(CHAT).await.json();
    assert_eq!(
        listed,
        json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false})
    );
}

/// One request to every route that names a completion.
async fn everything(client: &Client, id: &str) -> Vec<Answer> {
    let path = format!("{CHAT}/{id}");
    vec![
        client.get(&path).await,
        client.get(&format!("{path}/messages")).await,
        client.post(&path, json!({"metadata": {"mine": "1"}})).await,
        client.delete(&path).await,
    ]
}

#[tokio::test]
async fn somebody_elses_completion_answers_like_none() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let answer = kept(&app, "reply exactly hi", json!({})).await;
    let written = app.events_of(id(&answer)).await.len();
    let foreign = everything(&stranger, id(&answer)).await;
    let missing = everything(&stranger, NOWHERE).await;
    for (place, (foreign, missing)) in foreign.iter().zip(&missing).enumerate() {
        assert_eq!((foreign.status(), missing.status()), (404, 404), "{place}");
        assert_eq!(
            foreign.text(),
            missing.text().replace(NOWHERE, id(&answer)),
            "{place}"
        );
    }
    assert_eq!(app.events_of(id(&answer)).await.len(), written);
    assert_eq!(stranger.get(CHAT).await.json()["data"], json!([]));
    let after = stranger.get(&format!("{CHAT}?after={}", id(&answer))).await;
    assert_eq!(param(&after.expect_status(400)).as_deref(), Some("after"));
    app.get(&format!("{CHAT}/{}", id(&answer)))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn only_the_metadata_can_be_changed() {
    let app = App::start().await;
    let answer = kept(&app, "reply exactly hi", json!({"old": "1"})).await;
    let path = format!("{CHAT}/{}", id(&answer));
    let before = app.get(&path).await.json();
    let change = json!({"metadata": {"new": "2"}, "model": "other"});
    let changed = app
        .post(&path, change.clone())
        .await
        .expect_status(200)
        .json();
    assert_eq!(changed, with(before, json!({"metadata": {"new": "2"}})));
    assert_eq!(app.get(&path).await.json(), changed);
    let written = app.events_of(id(&answer)).await.len();
    app.post(&path, change).await.expect_status(200);
    for (body, field) in [
        (json!({}), "metadata"),
        (json!({"metadata": null}), "metadata"),
        (json!({"metadata": [1]}), "metadata"),
        (json!({"metadata": {"k": 1}}), "metadata.k"),
        (json!({"metadata": {"k": "v".repeat(513)}}), "metadata.k"),
    ] {
        let refused = app.post(&path, body.clone()).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some(field), "{body}");
    }
    assert_eq!(app.events_of(id(&answer)).await.len(), written);
}

#[tokio::test]
async fn a_deleted_completion_is_not_there() {
    let app = App::start().await;
    let answer = kept(&app, "reply exactly hi", json!({})).await;
    let deleted = app.delete(&format!("{CHAT}/{}", id(&answer))).await;
    assert_eq!(
        deleted.expect_status(200).json(),
        json!({"object": "chat.completion.deleted", "id": id(&answer), "deleted": true})
    );
    for refused in everything(&app, id(&answer)).await {
        assert_eq!(refused.status(), 404, "{}", refused.text());
    }
    assert_eq!(app.get(CHAT).await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_failed_call_is_not_shown_but_can_be_deleted() {
    let app = App::start().await;
    let call = with(chat("[fault=400] hi"), json!({"store": true}));
    app.post(CHAT, call).await.expect_status(400);
    let events = app.events().await;
    let failed = events
        .iter()
        .find(|event| event.event_type == "ResponseFailed");
    let path = format!("{CHAT}/{}", failed.unwrap().aggregate_id);
    app.get(&path).await.expect_status(404);
    app.get(&format!("{path}/messages"))
        .await
        .expect_status(404);
    app.post(&path, json!({"metadata": {}}))
        .await
        .expect_status(404);
    assert_eq!(app.get(CHAT).await.json()["data"], json!([]));
    app.delete(&path).await.expect_status(200);
    app.delete(&path).await.expect_status(404);
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let app = App::start().await;
    let mut made = Vec::new();
    for (number, team) in ["a", "b", "a"].into_iter().enumerate() {
        let metadata = json!({"team": team, "n": number.to_string()});
        made.push(id(&kept(&app, "reply exactly hi", metadata).await).to_owned());
    }
    let other = with(
        chat("reply exactly hi"),
        json!({"store": true, "model": "scripted-mini"}),
    );
    let other = app.post(CHAT, other).await.expect_status(200).json();
    let list = async |query: &str| {
        let page = app.get(&format!("{CHAT}?{query}")).await;
        page.expect_status(200).json()
    };
    assert_eq!(
        ids(&list("metadata[team]=a").await),
        [made[0].clone(), made[2].clone()]
    );
    assert_eq!(
        ids(&list("metadata%5Bteam%5D=a&metadata[n]=2").await),
        [made[2].clone()]
    );
    assert_eq!(ids(&list(&format!("model={MODEL}")).await), made);
    assert_eq!(ids(&list("model=scripted-mini").await), [id(&other)]);
    let first = list("limit=3").await;
    assert_eq!(
        (ids(&first), &first["has_more"]),
        (made.clone(), &json!(true))
    );
    let rest = list(&format!("limit=3&after={}", made[2])).await;
    assert_eq!(
        (ids(&rest), &rest["has_more"]),
        (vec![id(&other).to_owned()], &json!(false))
    );
    assert_eq!(ids(&list("order=desc&limit=1").await), [id(&other)]);
}

#[tokio::test]
async fn the_messages_of_a_call_have_ids_and_parts() {
    let app = App::start().await;
    let parts = json!([{"type": "text", "text": "reply exactly hi"}]);
    let messages = json!([
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "count to 3", "name": "ada"},
        {"role": "user", "content": parts},
    ]);
    let call = json!({"model": MODEL, "messages": messages, "store": true});
    let answer = app.post(CHAT, call).await.expect_status(200).json();
    let name = |place: usize| format!("{}-{place}", id(&answer));
    let path = format!("{CHAT}/{}/messages", id(&answer));
    let listed = app.get(&path).await.expect_status(200).json();
    assert_eq!(
        listed,
        json!({"object": "list", "first_id": name(0), "last_id": name(2), "has_more": false, "data": [
            {"id": name(0), "role": "system", "content": "be brief", "name": null, "content_parts": null},
            {"id": name(1), "role": "user", "content": "count to 3", "name": "ada", "content_parts": null},
            {"id": name(2), "role": "user", "content": null, "name": null, "content_parts": parts},
        ]})
    );
    let page = app
        .get(&format!("{path}?limit=1&after={}", name(0)))
        .await
        .json();
    assert_eq!(
        (ids(&page), &page["has_more"]),
        (vec![name(1)], &json!(true))
    );
    let newest = app.get(&format!("{path}?order=desc&limit=1")).await.json();
    assert_eq!(ids(&newest), [name(2)]);
    for after in [name(3), format!("{NOWHERE}-0"), "x".to_owned()] {
        let refused = app
            .get(&format!("{path}?after={after}"))
            .await
            .expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some("after"), "{after}");
    }
}

#[tokio::test]
async fn a_wrong_query_or_id_is_refused_by_name() {
    let app = App::start().await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=abc", "limit"),
        ("order=up", "order"),
        ("after=garbage", "after"),
        ("after=chatcmpl-unknown", "after"),
        ("model=a%00", "model"),
        ("metadata[k]=%00", "metadata[k]"),
        ("metadata[]=x", "metadata"),
    ] {
        let refused = app.get(&format!("{CHAT}?{query}")).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some(name), "{query}");
    }
    for wrong in [
        "conv_1",
        "chatcmpl-",
        "chatcmpl-a%20b",
        "%ff",
        "chatcmpl-%00",
    ] {
        for (place, refused) in everything(&app, wrong).await.into_iter().enumerate() {
            let refused = refused.expect_status(400);
            assert_eq!(
                param(&refused).as_deref(),
                Some("completion_id"),
                "{place} {wrong}"
            );
        }
    }
}
