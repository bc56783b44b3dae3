//! Forks, edits and new answers: all of them leave the original as it is.

use jan_projections::StoredEvent;
use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, with};
use jan_tests::request::typed_events_of;
use serde_json::{Value, json};

use super::CHAT;
use super::chat_conversations::{items, text_of};
use super::conversations::{begun, param};
use super::kinds_of;
use super::responses::{RESPONSES, output_text, response};

/// A conversation of two questions, each answered by a response.
async fn talked(app: &App) -> String {
    let id = begun(app, json!({"title": "tea", "metadata": {"k": "v"}})).await;
    for said in ["remember that tea is green", "what is tea?"] {
        let body = with(
            response(said),
            json!({"conversation": id, "temperature": 0.25}),
        );
        app.post(RESPONSES, body).await.expect_status(200);
    }
    id
}

async fn texts(app: &App, id: &str) -> Vec<String> {
    let items = items(app, id).await;
    items.iter().map(|item| text_of(item).to_owned()).collect()
}

async fn id_at(app: &App, id: &str, place: usize) -> String {
    items(app, id).await[place]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What is on record of a stream, byte by byte.
async fn record(app: &App, id: &str) -> Vec<StoredEvent> {
    app.events_of(id).await
}

#[tokio::test]
async fn a_fork_holds_what_came_before_and_the_original_knows_nothing_of_it() {
    let app = App::start().await;
    let id = talked(&app).await;
    let before = record(&app, &id).await;
    let second = id_at(&app, &id, 1).await;
    let path = format!("/v1/conversations/{id}/fork");
    let fork = app
        .post(&path, json!({"item_id": second, "title": "otherwise"}))
        .await;
    let fork = fork.expect_status(201).json();
    let head = before.last().unwrap().sequence;
    assert_eq!(
        fork["forked_from"],
        json!({"conversation_id": id, "version": head, "item_id": second})
    );
    assert_eq!(
        (&fork["title"], &fork["metadata"]),
        (&json!("otherwise"), &json!({"k": "v"}))
    );
    let fork = fork["id"].as_str().unwrap();
    let original = items(&app, &id).await;
    assert_eq!(items(&app, fork).await, original[..2]);
    assert_eq!(
        kinds_of(&app.events_of(fork).await),
        [
            "ConversationCreated",
            "ConversationForked",
            "ConversationItemsAppended"
        ]
    );
    let whole = app.post(&path, json!({})).await.expect_status(201).json();
    assert_eq!(items(&app, whole["id"].as_str().unwrap()).await, original);
    assert_eq!(whole["title"], "tea");
    let body = with(response("what is tea?"), json!({"conversation": fork}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(output_text(&told), "green");
    assert_eq!(record(&app, &id).await, before);
}

#[tokio::test]
async fn a_fork_can_be_of_the_past_also_of_what_was_deleted() {
    let app = App::start().await;
    let id = talked(&app).await;
    app.delete(&format!("/v1/conversations/{id}"))
        .await
        .expect_status(200);
    let path = format!("/v1/conversations/{id}/fork");
    app.post(&path, json!({})).await.expect_status(404);
    let head = app.events_of(&id).await.len() - 1;
    let fork = app
        .post(&path, json!({"at_version": head}))
        .await
        .expect_status(201)
        .json();
    assert_eq!(texts(&app, fork["id"].as_str().unwrap()).await.len(), 4);
}

/// Events that are not about accounts: other guests may come while a test runs.
async fn written(app: &App) -> usize {
    let events = app.events().await;
    let about = |event: &&StoredEvent| !event.event_type.starts_with("Account");
    events.iter().filter(about).count()
}

/// Wrong requests, by place: their body, and which status they get for which field.
fn wrong(item: &str) -> Vec<(String, Value, u16, Option<&'static str>)> {
    let forks = [
        (json!({"item_id": "no id"}), 400, "item_id"),
        (json!({"item_id": "msg_x"}), 404, "item_id"),
        (json!({"item_id": 5}), 400, "item_id"),
        (json!({"at_version": 0}), 400, "at_version"),
        (json!({"at_version": 99}), 400, "at_version"),
        (json!({"title": "x".repeat(300)}), 400, "title"),
        (json!({"metadata": {"": "x"}}), 400, "metadata"),
    ];
    let edits = [
        (json!({}), 400, "content"),
        (json!({"content": 5}), 400, "content"),
        (
            json!({"content": [{"type": "input_text", "text": 1}]}),
            400,
            "content[0].text",
        ),
        (
            json!({"content": "x", "regenerate": true, "model": "nobody"}),
            404,
            "model",
        ),
    ];
    let answers = [
        (json!({"model": "nobody"}), 404, "model"),
        (json!({"stream": "yes"}), 400, "stream"),
    ];
    let at = |place: String| {
        move |(body, status, at): (Value, u16, &'static str)| {
            (place.clone(), body, status, Some(at))
        }
    };
    let missing = [("edit", json!({"content": "x"})), ("regenerate", json!({}))];
    let missing = missing.map(|(what, body)| (format!("items/msg_x/{what}"), body, 404, None));
    let forks = forks.into_iter().map(at("fork".to_owned()));
    let edits = edits.into_iter().map(at(format!("items/{item}/edit")));
    let answers = answers
        .into_iter()
        .map(at(format!("items/{item}/regenerate")));
    forks.chain(edits).chain(answers).chain(missing).collect()
}

#[tokio::test]
async fn a_wrong_fork_is_refused_and_nothing_is_written() {
    let app = App::start().await;
    let id = talked(&app).await;
    let item = id_at(&app, &id, 0).await;
    let before = written(&app).await;
    let stranger = app.guest().await;
    for (place, body, status, at) in wrong(&item) {
        let path = format!("/v1/conversations/{id}/{place}");
        let refused = app.post(&path, body.clone()).await.expect_status(status);
        assert_eq!(param(&refused).as_deref(), at, "{place} {body}");
        let foreign = stranger.post(&path, json!({"content": "x"})).await;
        foreign.expect_status(404);
    }
    assert_eq!(written(&app).await, before);
}

#[tokio::test]
async fn an_edited_message_is_answered_in_a_fork_as_it_was_before() {
    let app = App::start().await;
    let id = talked(&app).await;
    let before = record(&app, &id).await;
    let first = id_at(&app, &id, 0).await;
    let path = format!("/v1/conversations/{id}/items/{first}/edit");
    let only = app
        .post(&path, json!({"content": "remember that tea is black"}))
        .await;
    let only = only.expect_status(201).json();
    assert!(only.get("response").is_none());
    let fork = only["id"].as_str().unwrap();
    assert_eq!(texts(&app, fork).await, ["remember that tea is black"]);
    assert_ne!(id_at(&app, fork, 0).await, first);

    let body = json!({"content": [{"type": "input_text", "text": "reply exactly black"}],
        "regenerate": true});
    let told = app.post(&path, body).await.expect_status(201).json();
    let fork = told["id"].as_str().unwrap();
    let made = &told["response"];
    assert_eq!(output_text(made), "black");
    assert_eq!(made["status"], "completed");
    assert_eq!(made["conversation"]["id"], json!(fork));
    assert_eq!(
        (&made["model"], &made["temperature"]),
        (&json!(MODEL), &json!(0.25))
    );
    assert_eq!(texts(&app, fork).await, ["reply exactly black", "black"]);
    let asked = app.model().requests().last().unwrap().body.clone();
    assert_eq!(asked["temperature"], 0.25);
    assert_eq!(record(&app, &id).await, before);
    let said = id_at(&app, fork, 1).await;
    let path = format!("/v1/conversations/{fork}/items/{said}/edit");
    let edited = app
        .post(&path, json!({"content": "green"}))
        .await
        .expect_status(201)
        .json();
    let texts = texts(&app, edited["id"].as_str().unwrap()).await;
    assert_eq!(texts, ["reply exactly black", "green"]);
    let asks = app
        .post(&path, json!({"content": "x", "regenerate": true}))
        .await;
    assert_eq!(
        param(&asks.expect_status(400)).as_deref(),
        Some("regenerate")
    );
}

#[tokio::test]
async fn a_message_is_answered_again_in_a_fork_also_as_a_stream() {
    let app = App::start().await;
    let id = talked(&app).await;
    let before = record(&app, &id).await;
    for place in [2, 3] {
        let item = id_at(&app, &id, place).await;
        let path = format!("/v1/conversations/{id}/items/{item}/regenerate");
        let told = app.post(&path, json!({})).await.expect_status(201).json();
        assert_eq!(output_text(&told["response"]), "green");
        let fork = told["id"].as_str().unwrap();
        let held = texts(&app, fork).await;
        assert_eq!(held.len(), 4);
        assert_eq!(held[2..], ["what is tea?", "green"]);

        let streamed = app
            .post(&path, json!({"stream": true}))
            .await
            .expect_status(200);
        let fork = streamed.header("x-jan-conversation").unwrap().to_owned();
        let events = typed_events_of(streamed.text());
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.completed");
        assert_eq!(last["response"]["conversation"]["id"], json!(fork));
        assert_eq!(texts(&app, &fork).await.len(), 4);
    }
    assert_eq!(record(&app, &id).await, before);
}

#[tokio::test]
async fn a_chat_calls_answer_is_made_again_under_its_settings() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "temperature": 0.75, "conversation": {}, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "echo prompt"}]});
    let told = app.post(CHAT, body).await.expect_status(200).json();
    let id = told["conversation"]["id"].as_str().unwrap();
    let item = id_at(&app, id, 1).await;
    let path = format!("/v1/conversations/{id}/items/{item}/regenerate");
    let again = app.post(&path, json!({})).await.expect_status(201).json();
    let said = output_text(&again["response"]);
    assert!(said.contains("Be brief."), "{said}");
    assert_eq!(again["response"]["temperature"], 0.75);
    let fork = again["id"].as_str().unwrap();
    assert_eq!(items(&app, fork).await.len(), 2);
    // What was never answered by a model needs one to be named.
    let bare = begun(
        &app,
        json!({"items": [{"role": "user", "content": "reply exactly hi"}]}),
    )
    .await;
    let item = id_at(&app, &bare, 0).await;
    let path = format!("/v1/conversations/{bare}/items/{item}/regenerate");
    let nameless = app.post(&path, json!({})).await.expect_status(400);
    assert_eq!(param(&nameless).as_deref(), Some("model"));
    let named = app
        .post(&path, json!({"model": MODEL}))
        .await
        .expect_status(201)
        .json();
    assert_eq!(output_text(&named["response"]), "hi");
    app.post(CHAT, chat("hi")).await.expect_status(200);
}

#[tokio::test]
async fn a_repeated_key_finds_the_fork_and_its_answer() {
    let app = App::start().await;
    let id = talked(&app).await;
    let item = id_at(&app, &id, 3).await;
    let path = format!("/v1/conversations/{id}/items/{item}/regenerate");
    let ask = || app.post(&path, json!({})).header("idempotency-key", "k1");
    let first = ask().await.expect_status(201).json();
    let written = app.events().await.len();
    assert_eq!(ask().await.expect_status(201).json(), first);
    assert_eq!(app.events().await.len(), written);
}

#[tokio::test]
async fn branches_are_a_tree() {
    let app = App::start().await;
    let root = talked(&app).await;
    let item = id_at(&app, &root, 1).await;
    let fork = async |of: &str, title: &str| -> String {
        let path = format!("/v1/conversations/{of}/fork");
        let body = json!({"item_id": item, "title": title});
        let made = app.post(&path, body).await.expect_status(201).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let (left, right) = (fork(&root, "left").await, fork(&root, "right").await);
    let leaf = fork(&left, "leaf").await;
    let alone = begun(&app, json!({})).await;
    let tree = async |of: &str| -> Value {
        let path = format!("/v1/conversations/{of}/branches");
        app.get(&path).await.expect_status(200).json()
    };
    let told = tree(&leaf).await;
    assert_eq!(told["root"], json!(root));
    let branch = |tree: &Value, id: &str| -> Value {
        let mut branches = tree["data"].as_array().unwrap().iter();
        branches
            .find(|one| one["id"] == *id)
            .cloned()
            .unwrap_or_default()
    };
    let at_root = branch(&told, &root);
    assert_eq!(at_root["children"], json!([left, right]));
    assert_eq!(
        (&at_root["name"], &at_root["is_root"]),
        (&json!("MAIN"), &json!(true))
    );
    assert_eq!(at_root["parent"], Value::Null);
    let at_leaf = branch(&told, &leaf);
    assert_eq!(
        (&at_leaf["parent"], &at_leaf["title"]),
        (&json!(left), &json!("leaf"))
    );
    assert_eq!(
        (&at_leaf["forked_at_item"], &at_leaf["is_current"]),
        (&json!(item), &json!(true))
    );
    assert_eq!(told["data"].as_array().unwrap().len(), 4);
    assert_eq!(tree(&alone).await["data"].as_array().unwrap().len(), 1);
    app.delete(&format!("/v1/conversations/{left}"))
        .await
        .expect_status(200);
    let told = tree(&leaf).await;
    assert_eq!(told["data"].as_array().unwrap().len(), 3);
    assert_eq!(branch(&told, &leaf)["parent"], json!(left));
}
