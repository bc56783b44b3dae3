use jan_tests::given::{MODEL, with};
use serde_json::{Value, json};

use super::{fill, start};

const RESPONSES: &str = "/v1/responses";

fn asking(said: &str, more: Value) -> Value {
    with(json!({"model": MODEL, "input": said}), more)
}

#[tokio::test]
async fn a_model_searches_documents_and_the_results_are_shown_to_who_wants_them() {
    let app = start().await;
    fill(&app).await;
    let said = "call tool file_search with {\"query\": \"boiling water\", \"top_k\": 1}";
    let tools = json!([{"type": "file_search", "vector_store_ids": []}]);
    let included = asking(
        said,
        json!({"tools": tools, "include": ["file_search_call.results"]}),
    );
    let told = app.post(RESPONSES, included).await.expect_status(200);
    let told = told.json();
    let call = &told["output"][0];
    assert_eq!(call["type"], "file_search_call", "{told}");
    assert_eq!(call["status"], "completed");
    assert_eq!(call["queries"], json!(["boiling water"]));
    let result = &call["results"][0];
    assert_eq!(result["file_id"], "black");
    assert_eq!(result["filename"], "black");
    assert_eq!(result["attributes"], json!({"shelf": 5}));
    assert!(result["score"].is_number());
    let text = result["text"].as_str().unwrap();
    assert!(text.contains("four minutes"), "{text}");
    let answer = told["output"][1]["content"][0]["text"].as_str().unwrap();
    assert!(answer.contains("four minutes"), "{answer}");

    let told = app
        .post(RESPONSES, asking(said, json!({"tools": tools})))
        .await;
    let told = told.expect_status(200).json();
    assert_eq!(told["output"][0]["type"], "file_search_call");
    assert!(told["output"][0]["results"].is_null(), "{told}");
}

#[tokio::test]
async fn a_stream_tells_of_the_search() {
    let app = start().await;
    fill(&app).await;
    let body = asking(
        "call tool file_search with {\"query\": \"coffee\"}",
        json!({"tools": [{"type": "file_search"}], "stream": true}),
    );
    let told = app.post(RESPONSES, body).await.expect_status(200);
    let told = told.text();
    for event in ["in_progress", "searching", "completed"] {
        let event = format!("event: response.file_search_call.{event}");
        assert!(told.contains(&event), "{event}");
    }
}

#[tokio::test]
async fn a_model_that_works_for_somebody_else_finds_nothing() {
    let app = start().await;
    fill(&app).await;
    let other = app.guest().await;
    let body = asking(
        "call tool file_search with {\"query\": \"coffee\", \"document_ids\": [\"coffee\"]}",
        json!({"tools": [{"type": "file_search"}], "include": ["file_search_call.results"]}),
    );
    let told = other.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(told["output"][0]["results"], json!([]), "{told}");
}

#[tokio::test]
async fn an_answer_cites_the_files_it_names() {
    let app = start().await;
    fill(&app).await;
    let notes = json!({"document_id": "tea/notes.md", "text": "Notes on boiling water."});
    super::index(&app, &notes).await;
    let said = "Wir lesen über tea/notes.md, \"black\" und green.";
    let input = format!(
        "call tool file_search with {{\"query\": \"boiling water\"}}\nthen reply exactly {said}"
    );
    let body = asking(&input, json!({"tools": [{"type": "file_search"}]}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    let cited = |index: usize, name: &str| json!({"type": "file_citation", "index": index, "file_id": name, "filename": name});
    assert_eq!(
        told["output"][1]["content"][0]["annotations"],
        json!([cited(15, "tea/notes.md"), cited(30, "black")]),
        "{told}"
    );
}
