//! Models are shown what `jan_` ids stand for, and the record holds the ids.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{FILES, MEDIA, data_url, file, form, id_of, keep, png};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

/// A user's message of words and one more part.
fn with_part(part: &Value) -> Value {
    json!({"role": "user", "content": [{"type": "text", "text": "reply exactly seen"}, part]})
}

fn image(url: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": url, "detail": "low"}})
}

fn chat(part: &Value) -> Value {
    json!({"model": MODEL, "messages": [with_part(part)]})
}

/// What the model was asked last.
fn asked(app: &App) -> Value {
    let requests = app.model().requests();
    requests.last().expect("it was asked").body.clone()
}

async fn kept(client: &Client) -> (String, Vec<u8>) {
    let bytes = png(4, 4, b"seen");
    (id_of(&keep(client, &bytes).await).to_owned(), bytes)
}

#[tokio::test]
async fn a_chat_call_shows_the_image_and_records_its_id() {
    let app = App::start().await;
    let (id, bytes) = kept(&app).await;
    for url in [id.clone(), format!("data:image/png;{id}")] {
        let told = app.post(CHAT, chat(&image(&url))).await;
        let told = told.expect_status(200).json();
        let part = &asked(&app)["messages"][0]["content"][1];
        assert_eq!(*part, image(&data_url(&bytes)));
        let recorded = app.events_of(told["id"].as_str().unwrap()).await;
        assert!(recorded[0].payload.contains(&url));
        assert!(!recorded[0].payload.contains("base64"));
    }
}

#[tokio::test]
async fn a_conversation_shows_its_images_again_until_they_are_gone() {
    let app = App::start().await;
    let (id, bytes) = kept(&app).await;
    let mut first = chat(&image(&id));
    first["conversation"] = json!({});
    let told = app.post(CHAT, first).await.expect_status(200).json();
    let conversation = told["conversation"]["id"].clone();
    let next = json!({"model": MODEL, "conversation": conversation,
        "messages": [{"role": "user", "content": "reply exactly again"}]});
    app.post(CHAT, next.clone()).await.expect_status(200);
    let part = &asked(&app)["messages"][0]["content"][1];
    assert_eq!(part["image_url"]["url"], data_url(&bytes));
    app.delete(&format!("{MEDIA}/{id}"))
        .await
        .expect_status(200);
    app.post(CHAT, next).await.expect_status(200);
    let part = &asked(&app)["messages"][0]["content"][1];
    assert_eq!(
        *part,
        json!({"type": "text", "text": format!("[{id} is not there any more]")})
    );
}

#[tokio::test]
async fn a_response_shows_images_and_files_by_either_field() {
    let app = App::start().await;
    let (id, bytes) = kept(&app).await;
    let shown = json!({"url": data_url(&bytes)});
    let notes = id_of(&file(&app, "notes.txt", b"high tide").await).to_owned();
    let other = form(
        &app,
        &[("purpose", "user_data")],
        ("a.bin", "application/x-tea", b"\xff\xfe"),
    );
    let other = id_of(&other.await.expect_status(200).json()).to_owned();
    for (part, expected) in [
        (
            json!({"type": "input_image", "image_url": id}),
            json!({"type": "image_url", "image_url": shown}),
        ),
        (
            json!({"type": "input_image", "file_id": id}),
            json!({"type": "image_url", "image_url": shown}),
        ),
        (
            json!({"type": "input_file", "file_id": id}),
            json!({"type": "image_url", "image_url": shown}),
        ),
        (
            json!({"type": "input_file", "file_id": notes}),
            json!({"type": "text", "text": "File notes.txt:\nhigh tide"}),
        ),
        (
            json!({"type": "input_file", "file_id": other}),
            json!({"type": "file", "file":
            {"filename": "a.bin", "file_data": "data:application/x-tea;base64,//4="}}),
        ),
    ] {
        let content = json!([{"type": "input_text", "text": "reply exactly seen"}, part]);
        let body = json!({"model": MODEL, "input": [{"role": "user", "content": content}]});
        let told = app.post(RESPONSES, body).await.expect_status(200).json();
        assert_eq!(told["status"], "completed", "{told}");
        assert_eq!(asked(&app)["messages"][0]["content"][1], expected);
    }
}

#[tokio::test]
async fn a_reference_that_cannot_be_followed_is_refused_before_anything_is_recorded() {
    let app = App::start().await;
    let (theirs, _) = kept(&app.guest().await).await;
    let notes = id_of(&file(&app, "notes.txt", b"high tide").await).to_owned();
    let missing = "jan_00000000000000000000000000";
    let before = app.events().await.len();
    for id in [missing, theirs.as_str(), notes.as_str()] {
        let refused = app.post(CHAT, chat(&image(id))).await;
        let refused = refused.expect_status(400).json();
        assert_eq!(
            refused["error"]["param"],
            "messages[0].content[1].image_url.url"
        );
        let content = json!([{"type": "input_image", "file_id": id}]);
        let body = json!({"model": MODEL, "input": [{"role": "user", "content": content}]});
        let refused = app.post(RESPONSES, body).await.expect_status(400).json();
        assert_eq!(refused["error"]["param"], "input[0].content[0]");
    }
    let content = json!([{"type": "input_image", "file_id": "file-of-somebody"}]);
    let body = json!({"model": MODEL, "input": [{"role": "user", "content": content}]});
    let refused = app.post(RESPONSES, body).await.expect_status(400).json();
    assert_eq!(refused["error"]["param"], "input[0].content[0].file_id");
    assert_eq!(app.events().await.len(), before);
}

#[tokio::test]
async fn more_references_than_are_taken_are_refused() {
    let app = App::start().await;
    let (id, _) = kept(&app).await;
    let messages = |count: usize| vec![with_part(&image(&id)); count];
    let body = |count| json!({"model": MODEL, "messages": messages(count)});
    app.post(CHAT, body(20)).await.expect_status(200);
    let refused = app.post(CHAT, body(21)).await.expect_status(400).json();
    assert_eq!(
        refused["error"]["param"],
        "messages[20].content[1].image_url.url"
    );
    let listed = app.get(&format!("{FILES}?purpose=vision")).await.json();
    assert_eq!(listed["data"][0]["id"], id);
}
