use jan_infra::search::SearchSettings;
use jan_tests::given::with;
use jan_tests::scripted_web::Reply;
use serde_json::{Value, json};

use super::{engine, start};

const RESPONSES: &str = "/v1/responses";

fn asking(said: &str, more: Value) -> Value {
    with(
        json!({"model": jan_tests::given::MODEL, "input": said}),
        more,
    )
}

#[tokio::test]
async fn a_model_searches_the_web_and_every_step_is_on_record() {
    let (web, settings) = engine().await;
    let app = start(settings).await;
    let body = asking(
        "call tool web_search with {\"q\": \"tides\"}",
        json!({"tools": [{"type": "web_search"}], "include": ["web_search_call.action.sources"]}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let call = &told["output"][0];
    assert_eq!(
        (&call["type"], &call["status"]),
        (&json!("web_search_call"), &json!("completed"))
    );
    assert_eq!(
        call["action"],
        json!({"type": "search", "query": "tides", "queries": ["tides"],
            "sources": [{"type": "url", "url": "https://coast.example/tides"}]})
    );
    let said = told["output"][1]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("Twice a day."), "{said}");
    assert_eq!(web.asked().len(), 1);
    let id = told["id"].as_str().unwrap();
    let steps = app
        .get(&format!("{RESPONSES}/{id}/steps"))
        .await
        .expect_status(200)
        .json();
    let steps = steps["data"].as_array().unwrap();
    let kinds: Vec<_> = steps
        .iter()
        .map(|step| step["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tool_list", "inference", "tool_call", "inference"]);
}

#[tokio::test]
async fn the_name_that_models_know_the_query_by_works_too() {
    let app = start(SearchSettings::default()).await;
    let body = asking(
        "call tool web_search with {\"query\": \"tides\"}",
        json!({"tools": [{"type": "web_search_preview"}]}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let call = &told["output"][0];
    assert_eq!(
        (&call["action"]["query"], &call["status"]),
        (&json!("tides"), &json!("completed"))
    );
    let said = told["output"][1]["content"][0]["text"].as_str().unwrap();
    assert!(
        said.contains("\"cache_status\":\"unconfigured\"") && said.contains("\"results\":[]"),
        "{said}"
    );
}

#[tokio::test]
async fn a_stream_tells_of_the_search() {
    let (_web, settings) = engine().await;
    let app = start(settings).await;
    let body = asking(
        "call tool web_search with {\"q\": \"tides\"}",
        json!({"tools": [{"type": "web_search"}], "stream": true}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200);
    let told = told.text();
    for event in ["in_progress", "searching", "completed"] {
        let event = format!("event: response.web_search_call.{event}");
        assert!(told.contains(&event), "{event}");
    }
}

#[tokio::test]
async fn under_jans_prefix_a_model_reads_pages() {
    let (web, settings) = engine().await;
    web.tell(
        "/page",
        [Reply::page("<title>T</title><p>The harbour is dry.")],
    );
    let app = start(settings).await;
    let url = web.url("/page");
    let body = asking(
        &format!("call tool scrape with {{\"url\": \"{url}\"}}"),
        json!({}),
    );
    let told = app.post("/responses/v1/responses", body).await;
    let told = told.expect_status(200);
    let told = told.text();
    assert!(told.contains("The harbour is dry."), "{told}");
}
