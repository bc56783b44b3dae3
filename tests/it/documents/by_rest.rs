use jan_tests::app::App;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{fill, found, index, query, start};

const DOCUMENTS: &str = "/v1/documents";

async fn listed(client: &Client, query: &str) -> Value {
    let told = client.get(&format!("{DOCUMENTS}{query}")).await;
    told.expect_status(200).json()
}

async fn shelf() -> App {
    let app = start().await;
    fill(&app).await;
    app
}

#[tokio::test]
async fn documents_are_listed_page_by_page_last_indexed_first() {
    let app = shelf().await;
    let all = listed(&app, "").await;
    let data = all["data"].as_array().unwrap();
    let names: Vec<_> = data.iter().map(|one| &one["document_id"]).collect();
    assert_eq!(names, ["coffee", "black", "green"]);
    let mut last = data[2].clone();
    assert!(last["id"].take().as_str().unwrap().starts_with("doc_"));
    assert!(last["indexed_at"].take().is_string());
    assert_eq!(
        last,
        json!({"id": null, "object": "document", "document_id": "green",
            "metadata": {"shelf": 5}, "tags": ["tea"], "collection": null, "attributes": {}, "bytes": 59, "passages": 1,
            "indexed_at": null})
    );
    let first = listed(&app, "?limit=2").await;
    assert_eq!(first["has_more"], true);
    let after = first["last_id"].as_str().unwrap();
    let rest = listed(&app, &format!("?limit=2&after={after}")).await;
    assert_eq!(rest["data"][0], data[2]);
    assert_eq!(rest["has_more"], false);
    let other = app.guest().await;
    assert_eq!(listed(&other, "").await["data"], json!([]));
    let foreign = other.get(&format!("{DOCUMENTS}?after={after}")).await;
    let missing = app.get(&format!("{DOCUMENTS}?after=doc_0")).await;
    assert_eq!((foreign.status(), missing.status()), (400, 400));
}

#[tokio::test]
async fn a_document_is_shown_and_removed_by_its_owner_only() {
    let app = shelf().await;
    let other = app.guest().await;
    let all = listed(&app, "").await;
    let coffee = &all["data"][0];
    let path = format!("{DOCUMENTS}/{}", coffee["id"].as_str().unwrap());
    assert_eq!(&app.get(&path).await.expect_status(200).json(), coffee);
    other.get(&path).await.expect_status(404);
    other.delete(&path).await.expect_status(404);
    assert_eq!(
        found(&query(&app, &json!({"query": "coffee"})).await),
        ["coffee"]
    );

    let gone = app.delete(&path).await.expect_status(200).json();
    assert_eq!(
        gone,
        json!({"id": coffee["id"], "object": "document.deleted", "deleted": true})
    );
    app.get(&path).await.expect_status(404);
    app.delete(&path).await.expect_status(404);
    assert_eq!(query(&app, &json!({"query": "coffee"})).await["count"], 0);
    index(
        &app,
        &json!({"document_id": "coffee", "text": "Coffee again."}),
    )
    .await;
    let shown = app.get(&path).await.expect_status(200).json();
    assert_eq!(shown["bytes"], 13);
    app.get(&format!("{DOCUMENTS}/conv_1"))
        .await
        .expect_status(400);
}
