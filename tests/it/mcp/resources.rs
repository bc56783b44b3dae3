//! The caller's conversations as resources.

use jan_tests::app::App;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{error_of, legacy, modern, result_of};

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
    let template = &listed["resourceTemplates"][0];
    assert_eq!(template["uriTemplate"], "jan://conversations/{id}");
}
