//! Whose documents they are, and what becomes of them.

use jan_projections::{ReadModel, Rebuilt};
use serde_json::{Value, json};

use super::{call, fill, found, index, query, start};
use crate::projections::rebuild::{assert_equal, rebuild};

#[tokio::test]
async fn nobody_finds_what_somebody_else_keeps() {
    let app = start().await;
    fill(&app).await;
    let other = app.guest().await;
    for asked in [
        json!({"query": "tea"}),
        json!({"query": "tea", "document_ids": ["green"]}),
        json!({"query": "tea", "tags": ["tea"]}),
    ] {
        assert_eq!(found(&query(&other, &asked).await), [""; 0]);
    }
    // The same name is another document.
    let theirs = json!({"document_id": "green", "text": "A green tea of my own."});
    assert_eq!(index(&other, &theirs).await["unchanged"], false);
    let told = query(&other, &json!({"query": "tea"})).await;
    assert_eq!(told["count"], 1);
    assert_eq!(told["results"][0]["text"], "A green tea of my own.");
    let told = query(&app, &json!({"query": "green"})).await;
    let text = told["results"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("Green tea is not boiled"), "{told}");
}

#[tokio::test]
async fn whoever_comes_without_credentials_keeps_nothing() {
    let app = start().await;
    let nobody = app.as_nobody();
    let params = json!({"name": "file_search_index", "arguments":
        {"document_id": "d", "text": "t"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let told = nobody
        .post("/v1/mcp", message)
        .header("accept", "*/*")
        .await;
    assert!(told.status() == 401 || told.json()["result"].is_null());
    let events = app.events().await;
    assert!(
        !events
            .iter()
            .any(|event| event.event_type == "DocumentIndexed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_finds_what_was_kept() {
    let app = start().await;
    fill(&app).await;
    let second = app.second_node().await;
    let second = second.with_token(app.token());
    let told = query(&second, &json!({"query": "coffee"})).await;
    assert_eq!(found(&told), ["coffee"]);
    index(
        &second,
        &json!({"document_id": "cocoa", "text": "Cocoa needs milk."}),
    )
    .await;
    assert_eq!(
        found(&query(&app, &json!({"query": "milk"})).await),
        ["cocoa"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_from_nothing_is_what_was_there() {
    let app = start().await;
    fill(&app).await;
    let long = "A long text, told twice. ".repeat(200);
    for text in [long.as_str(), "short", &long] {
        let document = json!({"document_id": "turn", "text": text, "collection": "turns, \"all\"",
            "attributes": {"long": text.len() > 9, "a b": "é\\\n"}});
        index(&app, &document).await;
    }
    app.settle().await;
    let operator = app.projections();
    let model = ReadModel::Documents;
    assert_equal(&operator.verify(model, Some(2)).await.unwrap());
    let rebuilt = rebuild(&operator, model, Some(2)).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Live);
    let after = operator.verify(model, None).await.unwrap();
    assert_equal(&after);
    assert_eq!(after.tables[0].live.rows, 4);
    assert!(after.tables[1].live.rows >= 9, "{after:?}");
    operator.retire(model).await.unwrap();
    assert_eq!(
        found(&query(&app, &json!({"query": "coffee"})).await),
        ["coffee"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_owner_no_document_is_left() {
    let app = start().await;
    fill(&app).await;
    let other = app.guest().await;
    fill(&other).await;
    other.delete("/auth/me").await.expect_status(200);
    app.settle().await;
    let left = "select count(*) from document_passages";
    let left: i64 = sqlx::query_scalar(left)
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(left, 3);
    assert_eq!(query(&app, &json!({"query": "water"})).await["count"], 3);
    let told = call(&app, "file_search_query", &json!({"query": "tea"})).await;
    assert_eq!(told["isError"], false);
}

#[tokio::test]
async fn the_events_of_a_document_name_the_request_that_kept_it() {
    let app = start().await;
    let params = json!({"name": "file_search_index", "arguments":
        {"document_id": "d", "text": "t"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let told = app
        .post("/v1/mcp", message)
        .header("accept", "*/*")
        .header("x-request-id", "req_of_mine");
    told.await.expect_status(200);
    let input = "call tool file_search_index with {\"document_id\": \"e\", \"text\": \"t\"}";
    let body = json!({"model": jan_tests::given::MODEL, "input": input});
    let told = app
        .post("/responses/v1/responses", body)
        .header("x-request-id", "req_of_a_model");
    told.await.expect_status(200);
    let events = app.events().await;
    let kept = events
        .iter()
        .filter(|event| event.event_type == "DocumentIndexed");
    let requests: Vec<_> = kept
        .map(|event| {
            let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
            metadata["request_id"].clone()
        })
        .collect();
    assert_eq!(requests, ["req_of_mine", "req_of_a_model"]);
}
