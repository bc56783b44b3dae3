//! With a model that makes vectors. The scripted one brings texts together that share words.

use std::time::Duration;

use jan_infra::config::FileSearchSettings;
use jan_tests::app::App;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{call, fill, found, index, query, start_with};

/// Long enough for any machine; a test that succeeds does not wait for it.
const PATIENCE: Duration = Duration::from_secs(30);

async fn start() -> App {
    start_with(FileSearchSettings {
        embedding_model: Some("scripted-embed".to_owned()),
        ..FileSearchSettings::default()
    })
    .await
}

/// Searches until every passage has its vector.
async fn query_embedded(app: &App, asked: &Value) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = query(app, asked).await;
        if told["mode"] == "hybrid" && told["unembedded"] == 0 {
            return told;
        }
        assert!(Instant::now() < deadline, "{told}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passages_are_found_by_words_and_by_meaning() {
    let app = start().await;
    fill(&app).await;
    let told = query_embedded(&app, &json!({"query": "the water comes"})).await;
    assert_eq!(found(&told)[0], "coffee");
    let score = told["results"][0]["score"].as_f64().unwrap();
    assert!((score - 1.0).abs() < 1e-3, "first in both: {told}");
    // No passage has the word; what is nearest is told all the same.
    let told = query_embedded(&app, &json!({"query": "zebra", "top_k": 2})).await;
    assert_eq!(told["count"], 2);
    let narrow = json!({"query": "zebra", "tags": ["coffee"]});
    assert_eq!(found(&query_embedded(&app, &narrow).await), ["coffee"]);
    let filtered = json!({"query": "zebra", "filters": {"type": "gt", "key": "shelf", "value": 5}});
    assert_eq!(found(&query_embedded(&app, &filtered).await), ["coffee"]);
    let elsewhere = json!({"query": "water", "collections": ["none"]});
    assert_eq!(query(&app, &elsewhere).await["count"], 0);
    let other = app.guest().await;
    let told = query(&other, &json!({"query": "water"})).await;
    assert_eq!((&told["mode"], &told["count"]), (&json!("text"), &json!(0)));
}

/// Two servers, of which one database has no pgvector.
#[tokio::test(flavor = "multi_thread")]
async fn pgvector_ranks_as_we_do() {
    let (with, without) = (start().await, start().await);
    let drop = "drop extension vector";
    sqlx::query(drop).execute(without.pool()).await.unwrap();
    for app in [&with, &without] {
        fill(app).await;
        query_embedded(app, &json!({"query": "tea"})).await;
    }
    let questions = [
        json!({"query": "zebra"}),
        json!({"query": "boiling water", "top_k": 2}),
        json!({"query": "before four minutes", "tags": ["tea"]}),
        json!({"query": "coffee", "filters": {"type": "lt", "key": "shelf", "value": 6}}),
    ];
    for asked in &questions {
        let (there, here) = (query(&with, asked).await, query(&without, asked).await);
        assert_eq!(there["mode"], "hybrid");
        assert_eq!(there, here, "{asked}");
    }
    // A text that its model refuses is compared by neither.
    let refuse = "update passage_embeddings set vector = '{}' where body_hash = (
        select min(body_hash) from passage_embeddings)";
    for app in [&with, &without] {
        sqlx::query(refuse).execute(app.pool()).await.unwrap();
        let told = query(app, &json!({"query": "zebra"})).await;
        assert_eq!(
            (&told["mode"], &told["unembedded"]),
            (&json!("hybrid"), &json!(1))
        );
        assert_eq!(told["count"], 2);
    }
    // Without its types a server that had come to know them finds by words alone, or not at all.
    sqlx::query(drop).execute(with.pool()).await.unwrap();
    let result = call(&with, "file_search_query", &json!({"query": "tea"})).await;
    assert_ne!(result["structuredContent"]["mode"], "hybrid", "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_away_words_are_searched_and_that_is_said() {
    let app = start().await;
    fill(&app).await;
    query_embedded(&app, &json!({"query": "coffee"})).await;
    for fault in ["429", "503", "html"] {
        let asked = json!({"query": format!("coffee [fault={fault}]")});
        let told = query(&app, &asked).await;
        assert_eq!(told["mode"], "text", "{told}");
        assert!(told["unembedded"].is_null());
        assert_eq!(found(&told), ["coffee"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_a_cache_that_is_filled_again_and_holds_nothing_of_what_is_gone() {
    let app = start().await;
    fill(&app).await;
    let asked = json!({"query": "coffee"});
    query_embedded(&app, &asked).await;
    sqlx::query("delete from passage_embeddings")
        .execute(app.pool())
        .await
        .unwrap();
    let told = query(&app, &asked).await;
    assert_eq!(told["mode"], "text");
    assert_eq!(told["unembedded"], 3);
    assert_eq!(found(&told), ["coffee"]);
    let replaced = json!({"document_id": "coffee", "text": "Coffee is roasted."});
    index(&app, &replaced).await;
    let told = query_embedded(&app, &asked).await;
    assert_eq!(told["results"][0]["text"], "Coffee is roasted.");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sql = "select count(*) from passage_embeddings";
        let vectors: i64 = sqlx::query_scalar(sql).fetch_one(app.pool()).await.unwrap();
        if vectors == 3 {
            break;
        }
        assert!(Instant::now() < deadline, "{vectors} vectors");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_owner_no_vector_is_left() {
    let app = start().await;
    let other = app.guest().await;
    fill(&other).await;
    fill(&app).await;
    query_embedded(&app, &json!({"query": "tea"})).await;
    other.delete("/auth/me").await.expect_status(200);
    app.settle().await;
    let sql = "select count(*), count(distinct account_id) from passage_embeddings";
    let left: (i64, i64) = sqlx::query_as(sql).fetch_one(app.pool()).await.unwrap();
    assert_eq!(left, (3, 1));
}
