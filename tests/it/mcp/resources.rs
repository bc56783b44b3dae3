//! What is the caller's as resources.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jan_tests::app::App;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{error_of, legacy, modern, result_of};
use crate::media::{file, id_of, keep, png};

async fn conversation(client: &Client, title: &str, texts: &[&str]) -> String {
    let items: Vec<Value> = texts
        .iter()
        .map(|text| json!({"type": "message", "role": "user", "content": text}))
        .collect();
    let body = json!({ "title": title, "items": items });
    let made = client.post("/v1/conversations", body).await;
    made.expect_status(200).json()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn uri(id: &str) -> String {
    format!("jan://conversations/{id}")
}

#[tokio::test]
async fn a_caller_reads_its_own_conversations() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", &["green", "black"]).await;
    let listed = result_of(legacy(&app, "resources/list", &json!({}))).await;
    assert_eq!(
        listed["resources"],
        json!([{"uri": uri(&id), "name": "Tea", "title": "Tea", "mimeType": "application/json"}])
    );
    for request in [
        legacy(&app, "resources/read", &json!({"uri": uri(&id)})),
        modern(&app, "resources/read", &json!({"uri": uri(&id)})),
    ] {
        let read = result_of(request).await;
        let contents = &read["contents"][0];
        assert_eq!(contents["mimeType"], "application/json");
        let told: Value = serde_json::from_str(contents["text"].as_str().unwrap()).unwrap();
        assert_eq!((&told["id"], &told["title"]), (&json!(id), &json!("Tea")));
        let texts: Vec<_> = told["items"].as_array().unwrap().iter().collect();
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[0]["content"][0]["text"], "green");
        assert!(told["next"].is_null());
    }
}

#[tokio::test]
async fn somebody_elses_answers_like_one_that_is_not_there() {
    let app = App::start().await;
    let mine = conversation(&app, "Tea", &["green"]).await;
    let other = app.guest().await;
    let listed = result_of(legacy(&other, "resources/list", &json!({}))).await;
    assert_eq!(listed["resources"], json!([]));
    let nobody = app.as_nobody();
    let listed = result_of(legacy(&nobody, "resources/list", &json!({}))).await;
    assert_eq!(listed["resources"], json!([]));
    let mut words = Vec::new();
    for (client, id) in [
        (&other, mine.as_str()),
        (&nobody, mine.as_str()),
        (&other, "conv_00000000000000000000000000000000"),
        (&other, "../conv_1"),
    ] {
        let request = legacy(client, "resources/read", &json!({"uri": uri(id)}));
        words.push(error_of(request).await);
    }
    assert!(words.iter().all(|told| *told == words[0]), "{words:?}");
    assert_eq!(words[0].0, -32002);
    let request = modern(&other, "resources/read", &json!({"uri": uri(&mine)}));
    assert_eq!(error_of(request).await.0, -32602);
    let cursor = legacy(&other, "resources/list", &json!({ "cursor": mine }));
    assert_eq!(error_of(cursor).await.0, -32602);
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let app = App::start().await;
    for number in 0..60 {
        conversation(&app, &format!("no. {number}"), &[]).await;
    }
    let first = result_of(legacy(&app, "resources/list", &json!({}))).await;
    assert_eq!(first["resources"].as_array().unwrap().len(), 50);
    assert_eq!(first["resources"][0]["name"], "no. 59");
    let cursor = json!({"cursor": first["nextCursor"]});
    let second = result_of(legacy(&app, "resources/list", &cursor)).await;
    assert_eq!(second["resources"].as_array().unwrap().len(), 10);
    assert_eq!(second["resources"][9]["name"], "no. 0");
    assert!(second["nextCursor"].is_null());
    for wrong in ["", "x", "conv_00000000000000000000000000000000"] {
        let request = legacy(&app, "resources/list", &json!({ "cursor": wrong }));
        assert_eq!(error_of(request).await.0, -32602, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_template_tells_how_they_are_named() {
    let app = App::start().await;
    let listed = result_of(legacy(&app, "resources/templates/list", &json!({}))).await;
    let templates = listed["resourceTemplates"].as_array().unwrap();
    let named: Vec<_> = templates.iter().map(|one| &one["uriTemplate"]).collect();
    let expected = ["conversations", "media", "files"].map(|kind| format!("jan://{kind}/{{id}}"));
    assert_eq!(named, expected.each_ref());
}

#[tokio::test]
async fn a_caller_reads_its_own_images_and_files() {
    let app = App::start().await;
    let picture = png(2, 2, b"tea");
    let image = id_of(&keep(&app, &picture).await).to_owned();
    let text = id_of(&file(&app, "tea.txt", "gr\u{fc}n".as_bytes()).await).to_owned();
    let broken = id_of(&file(&app, "tea.bin", b"\xff\xfe").await).to_owned();
    let conversation = conversation(&app, "Tea", &[]).await;
    let listed = result_of(legacy(&app, "resources/list", &json!({}))).await;
    let named = listed["resources"].as_array().unwrap().iter();
    let named: Vec<_> = named.map(|one| one["uri"].as_str().unwrap()).collect();
    let of = |kind: &str, id: &str| format!("jan://{kind}/{id}");
    let expected = [
        uri(&conversation),
        of("files", &broken),
        of("files", &text),
        of("media", &image),
    ];
    assert_eq!(named, expected.each_ref());
    assert_eq!(
        listed["resources"][3],
        json!({"uri": of("media", &image), "name": "tea.png", "title": "tea.png",
            "mimeType": "image/png", "size": picture.len()})
    );
    let read = async |client: &Client, uri: &str| {
        let request = legacy(client, "resources/read", &json!({ "uri": uri }));
        result_of(request).await["contents"][0].take()
    };
    assert_eq!(read(&app, &of("files", &text)).await["text"], "gr\u{fc}n");
    let blob = read(&app, &of("media", &image)).await;
    assert_eq!(blob["blob"], STANDARD.encode(&picture));
    assert_eq!(blob["mimeType"], "image/png");
    assert_eq!(read(&app, &of("files", &broken)).await["blob"], "//4=");
    let other = app.guest().await;
    for wrong in [
        of("media", &image),
        of("files", "jan_00000000000000000000000000"),
        of("media", "../x"),
    ] {
        let request = legacy(&other, "resources/read", &json!({ "uri": wrong }));
        assert_eq!(error_of(request).await.0, -32002, "{wrong}");
    }
}

#[tokio::test]
async fn media_comes_after_the_conversations_page_by_page() {
    let app = App::start().await;
    conversation(&app, "Tea", &[]).await;
    for number in 0..55_u32 {
        keep(&app, &png(1, 1, &number.to_be_bytes())).await;
    }
    let first = result_of(legacy(&app, "resources/list", &json!({}))).await;
    assert_eq!(first["resources"].as_array().unwrap().len(), 51);
    let cursor = json!({"cursor": first["nextCursor"]});
    let second = result_of(legacy(&app, "resources/list", &cursor)).await;
    assert_eq!(second["resources"].as_array().unwrap().len(), 5);
    assert!(second["nextCursor"].is_null());
    let other = legacy(&app.guest().await, "resources/list", &cursor);
    assert_eq!(error_of(other).await.0, -32602);
}
