//! Conversations as they stood, and what has changed since.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::conversations::{begun, ids, param, said};

/// Created, two items, another title, an item less: versions 1 to 5.
async fn eventful(app: &App) -> String {
    let item = |id: &str| json!({"id": id, "role": "user", "content": id});
    let body = json!({"title": "old", "metadata": {"k": "1"}, "items": [item("msg_a")]});
    let id = begun(app, body).await;
    let path = format!("/v1/conversations/{id}");
    app.post(&format!("{path}/items"), json!({"items": [item("msg_b")]}))
        .await
        .expect_status(200);
    app.post(&path, json!({"title": "new"}))
        .await
        .expect_status(200);
    app.delete(&format!("{path}/items/msg_a"))
        .await
        .expect_status(200);
    id
}

#[tokio::test]
async fn a_conversation_is_read_as_it_stood_at_any_version_time_and_position() {
    let app = App::start().await;
    let id = eventful(&app).await;
    let path = format!("/v1/conversations/{id}");
    let log = app.events_of(&id).await;
    for (event, (title, items)) in log.iter().zip([
        ("old", vec![]),
        ("old", vec!["msg_a"]),
        ("old", vec!["msg_b", "msg_a"]),
        ("new", vec!["msg_b", "msg_a"]),
        ("new", vec!["msg_b"]),
    ]) {
        let time = event.recorded_at.to_rfc3339();
        for query in [
            format!("at_version={}", event.sequence),
            format!("at_position={}", event.position),
            format!("at_time={}", time.replace('+', "%2B")),
        ] {
            let read = app.get(&format!("{path}?{query}")).await.expect_status(200);
            let version = read.header("x-as-of-version").unwrap().to_owned();
            // Events of one append may share their time.
            if query.starts_with("at_time") && version != event.sequence.to_string() {
                continue;
            }
            assert_eq!(read.json()["title"], title, "{query}");
            assert_eq!(read.json()["id"], json!(id));
            assert_eq!(
                read.header("x-as-of-position").unwrap(),
                event.position.to_string()
            );
            assert!(
                read.header("x-as-of-time")
                    .unwrap()
                    .starts_with(&time[..19])
            );
            let list = app
                .get(&format!("{path}/items?{query}"))
                .await
                .expect_status(200);
            assert_eq!(list.header("x-as-of-version").unwrap(), version);
            assert_eq!(ids(&list.json()), items, "{query}");
        }
    }
    let now = app.get(&path).await.expect_status(200);
    assert_eq!(now.header("x-as-of-version"), None);
    let head = app.get(&format!("{path}?at_version=5")).await.json();
    assert_eq!(head, now.json());
    let shape = |query: &str| format!("{path}/items?order=asc&{query}");
    assert_eq!(
        app.get(&shape("at_version=5")).await.json(),
        app.get(&shape("")).await.json()
    );
    let jan = |query: &str| format!("/llm{path}/items?{query}");
    assert_eq!(
        app.get(&jan("at_version=5")).await.json(),
        app.get(&jan("")).await.json()
    );
}

#[tokio::test]
async fn the_items_of_the_past_are_paged_like_those_of_the_present() {
    let app = App::start().await;
    let id = begun(&app, json!({"items": [said("a"), said("b"), said("c")]})).await;
    let path = format!("/v1/conversations/{id}/items");
    for query in ["limit=2", "limit=2&order=asc", "limit=3", "order=asc"] {
        let now = app.get(&format!("{path}?{query}")).await.json();
        let then = app
            .get(&format!("{path}?{query}&at_version=2"))
            .await
            .json();
        assert_eq!(then, now, "{query}");
        let after = now["data"][0]["id"].as_str().unwrap();
        let query = format!("{query}&after={after}");
        let now = app.get(&format!("{path}?{query}")).await.json();
        let then = app
            .get(&format!("{path}?{query}&at_version=2"))
            .await
            .json();
        assert_eq!(then, now, "{query}");
    }
    let wrong = app.get(&format!("{path}?after=msg_x&at_version=2")).await;
    assert_eq!(param(&wrong.expect_status(400)).as_deref(), Some("after"));
}

#[tokio::test]
async fn a_moment_that_cannot_be_shown_is_refused_by_name() {
    let app = App::start().await;
    let id = eventful(&app).await;
    for place in ["", "/items"] {
        let path = format!("/v1/conversations/{id}{place}");
        for (query, at) in [
            ("at_version=0", "at_version"),
            ("at_version=-1", "at_version"),
            ("at_version=x", "at_version"),
            ("at_version=6", "at_version"),
            ("at_version=99999999999999999999", "at_version"),
            ("at_version=1&at_version=2", "at_version"),
            ("at_time=yesterday", "at_time"),
            ("at_time=99999999999999999", "at_time"),
            ("at_position=1.5", "at_position"),
            ("at_version=1&at_time=0", "at_time"),
            ("at_time=0&at_position=1", "at_position"),
        ] {
            let refused = app.get(&format!("{path}?{query}")).await.expect_status(400);
            assert_eq!(param(&refused).as_deref(), Some(at), "{query}");
        }
        for before in ["at_time=0", "at_time=1999-12-31T23:59:59Z", "at_position=1"] {
            app.get(&format!("{path}?{before}"))
                .await
                .expect_status(404);
        }
        for later in [
            "at_time=2999-01-01T00:00:00Z",
            "at_position=9000000000",
            "at_version=",
        ] {
            app.get(&format!("{path}?{later}")).await.expect_status(200);
        }
    }
}

#[tokio::test]
async fn what_was_deleted_has_a_past_for_its_owner_only() {
    let app = App::start().await;
    let id = eventful(&app).await;
    let path = format!("/v1/conversations/{id}");
    app.delete(&path).await.expect_status(200);
    app.get(&path).await.expect_status(404);
    app.get(&format!("{path}?at_version=6"))
        .await
        .expect_status(404);
    let past = app
        .get(&format!("{path}?at_version=5"))
        .await
        .expect_status(200);
    assert_eq!(past.json()["title"], "new");
    let versions = app
        .get(&format!("{path}/versions?limit=1"))
        .await
        .expect_status(200);
    assert_eq!(versions.json()["data"][0]["event"], "ConversationDeleted");
    app.get(&format!("{path}/diff?from=1&to=5"))
        .await
        .expect_status(200);
    let stranger = app.guest().await;
    let nowhere = "/v1/conversations/conv_00000000000000000000000000000000";
    for place in [
        "?at_version=5",
        "?at_version=99",
        "?at_time=2999-01-01T00:00:00Z",
        "/items?at_version=5",
        "/versions",
        "/diff?from=1&to=99",
        "/branches",
    ] {
        let foreign = stranger
            .get(&format!("{path}{place}"))
            .await
            .expect_status(404);
        let missing = stranger
            .get(&format!("{nowhere}{place}"))
            .await
            .expect_status(404);
        let said = |answer: &Value, id: &str| answer.to_string().replace(id, "ID");
        assert_eq!(
            said(&foreign.json(), &id),
            said(&missing.json(), "conv_00000000000000000000000000000000"),
            "{place}"
        );
    }
}

#[tokio::test]
async fn versions_tell_what_happened_when_and_by_whom() {
    let app = App::start().await;
    let id = eventful(&app).await;
    let path = format!("/v1/conversations/{id}/versions");
    let list = app.get(&path).await.expect_status(200).json();
    let log = app.events_of(&id).await;
    let told = list["data"].as_array().unwrap();
    assert_eq!(told.len(), log.len());
    for (version, event) in told.iter().rev().zip(&log) {
        let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
        assert_eq!(version["version"], event.sequence);
        assert_eq!(version["position"], event.position);
        assert_eq!(version["event"], event.event_type.as_str());
        assert_eq!(version["actor"], metadata["actor_id"]);
        assert_eq!(version["request_id"], metadata["request_id"]);
    }
    assert_eq!(
        (&list["first_id"], &list["last_id"]),
        (&json!("5"), &json!("1"))
    );
    let part = app
        .get(&format!("{path}?limit=2&order=asc&after=1"))
        .await
        .json();
    let versions: Vec<_> = part["data"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&versions[0]["version"], &versions[1]["version"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(part["has_more"], true);
    for (query, at) in [
        ("after=x", "after"),
        ("after=0", "after"),
        ("limit=0", "limit"),
    ] {
        let refused = app.get(&format!("{path}?{query}")).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some(at), "{query}");
    }
}

#[tokio::test]
async fn a_diff_says_what_changed() {
    let app = App::start().await;
    let id = eventful(&app).await;
    let path = format!("/v1/conversations/{id}/diff");
    let told = app
        .get(&format!("{path}?from=2"))
        .await
        .expect_status(200)
        .json();
    let ids = |items: &Value| -> Vec<String> {
        let items = items.as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((&told["from"], &told["to"]), (&json!(2), &json!(5)));
    assert_eq!(ids(&told["items_added"]), ["msg_b"]);
    assert_eq!(ids(&told["items_removed"]), ["msg_a"]);
    assert_eq!(told["title"], json!({"from": "old", "to": "new"}));
    assert!(told.get("metadata").is_none() && told.get("referrer").is_none());
    let back = app.get(&format!("{path}?from=5&to=2")).await.json();
    assert_eq!(back["items_added"], told["items_removed"]);
    for (query, at) in [
        ("from=0", "from"),
        ("to=6", "to"),
        ("from=6", "from"),
        ("to=x", "to"),
    ] {
        let refused = app.get(&format!("{path}?{query}")).await.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some(at), "{query}");
    }
}
