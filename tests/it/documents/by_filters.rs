//! Collections, attributes and scores: what a request says of `file_search` is what is searched.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::{Value, json};

use super::{call, found, index, query, start};

/// Four documents about water, two to a collection.
async fn shelf() -> App {
    let app = start().await;
    for (name, collection, attributes) in [
        ("a", json!("rivers"), json!({"year": 2020, "lang": "en"})),
        ("b", json!("rivers"), json!({"year": 2024, "lang": "de"})),
        (
            "c",
            json!("seas"),
            json!({"year": 2024, "lang": "en", "deep": true}),
        ),
        ("d", json!(null), json!({})),
    ] {
        let text = format!("Water of document {name} runs and runs.");
        let document = json!({"document_id": name, "text": text, "collection": collection,
            "attributes": attributes, "metadata": {"shelf": name}});
        index(&app, &document).await;
    }
    app
}

fn eq(key: &str, value: &Value) -> Value {
    json!({"type": "eq", "key": key, "value": value})
}

/// What a model finds whose caller says this of `file_search`, and what the caller is warned of.
async fn by_model(app: &App, said: &Value, tool: Value) -> (Value, String) {
    let input = format!("call tool file_search with {said}");
    let mut body = json!({"model": MODEL, "input": input, "tools": [tool],
        "include": ["file_search_call.results"]});
    body["tools"][0]["type"] = json!("file_search");
    let told = app.post("/v1/responses", body).await.expect_status(200);
    let warnings = told.header("x-jan-warnings").unwrap_or_default().to_owned();
    let mut told = told.json();
    assert_eq!(told["output"][0]["type"], "file_search_call", "{told}");
    (told["output"][0]["results"].take(), warnings)
}

fn files(results: &Value) -> Vec<&str> {
    let results = results.as_array().expect("results").iter();
    let mut files: Vec<_> = results.map(|it| it["file_id"].as_str().unwrap()).collect();
    files.sort_unstable();
    files
}

#[tokio::test]
async fn a_search_is_confined_to_collections_and_filtered_by_attributes() {
    let app = shelf().await;
    for (more, expected) in [
        (json!({}), vec!["a", "b", "c", "d"]),
        (json!({"collections": ["rivers"]}), vec!["a", "b"]),
        (
            json!({"collections": ["rivers", "seas"]}),
            vec!["a", "b", "c"],
        ),
        (json!({"collections": ["lakes"]}), vec![]),
        (json!({"filters": eq("lang", &json!("en"))}), vec!["a", "c"]),
        (json!({"filters": eq("shelf", &json!("d"))}), vec!["d"]),
        (
            json!({"filters": {"type": "nin", "key": "lang", "value": ["en"]}}),
            vec!["b", "d"],
        ),
        (
            json!({"collections": ["rivers"], "filters": {"type": "or", "filters":
                [eq("year", &json!(2024)), eq("deep", &json!(true))]}}),
            vec!["b"],
        ),
        (
            json!({"tags": ["none"], "filters": eq("lang", &json!("en"))}),
            vec![],
        ),
        (json!({"score_min": 1}), vec![]),
    ] {
        let mut asked = more.clone();
        asked["query"] = json!("water");
        let told = query(&app, &asked).await;
        let mut names = found(&told);
        names.sort_unstable();
        assert_eq!(names, expected, "{more}");
    }
    let told = query(&app, &json!({"query": "document c"})).await;
    assert_eq!(told["results"][0]["collection"], "seas");
    assert_eq!(
        told["results"][0]["attributes"],
        json!({"year": 2024, "lang": "en", "deep": true, "shelf": "c"})
    );
}

#[tokio::test]
async fn what_a_caller_says_of_file_search_bounds_its_model() {
    let app = shelf().await;
    let plain = json!({"query": "water"});
    let wide = json!({"query": "water", "top_k": 50, "collections": ["seas"],
        "filters": eq("lang", &json!("en"))});
    for (said, tool, expected) in [
        (&plain, json!({}), vec!["a", "b", "c", "d"]),
        (
            &plain,
            json!({"vector_store_ids": ["rivers"]}),
            vec!["a", "b"],
        ),
        (&wide, json!({"vector_store_ids": ["rivers"]}), vec!["a"]),
        (&wide, json!({"filters": eq("year", &json!(2020))}), vec![]),
        (
            &plain,
            json!({"filters": eq("deep", &json!(true))}),
            vec!["c"],
        ),
        (
            &plain,
            json!({"ranking_options": {"ranker": "auto", "score_threshold": 1}}),
            vec![],
        ),
    ] {
        let (results, warnings) = by_model(&app, said, tool.clone()).await;
        assert_eq!(files(&results), expected, "{tool} {said}");
        assert_eq!(warnings, "", "{tool}");
    }
    let stores = json!({"vector_store_ids": ["seas", "lakes", "vs_é1"]});
    let (results, warnings) = by_model(&app, &plain, stores).await;
    assert_eq!(files(&results), ["c"]);
    assert_eq!(
        warnings,
        "vector store 'lakes' holds nothing of yours; vector store 'vs_1' holds nothing of yours"
    );
    let (results, warnings) = by_model(
        &app,
        &wide_open(),
        json!({"max_num_results": 1, "ranking_options": {"ranker": "default-2024-11-15"}}),
    )
    .await;
    assert_eq!(files(&results).len(), 1);
    assert_eq!(
        warnings,
        "'ranking_options.ranker' of a 'file_search' tool has no effect"
    );
}

fn wide_open() -> Value {
    json!({"query": "water", "top_k": 50})
}

#[tokio::test]
async fn a_shown_result_has_the_attributes_of_its_document() {
    let app = shelf().await;
    let tool = json!({"vector_store_ids": ["seas"]});
    let (results, _) = by_model(&app, &json!({"query": "water"}), tool).await;
    assert_eq!(
        results[0]["attributes"],
        json!({"year": 2024, "lang": "en", "deep": true, "shelf": "c"})
    );
    let listed = app.get("/v1/documents").await.expect_status(200).json();
    assert_eq!(listed["data"][0]["collection"], Value::Null);
    assert_eq!(listed["data"][1]["collection"], "seas");
    assert_eq!(
        listed["data"][1]["attributes"],
        json!({"year": 2024, "lang": "en", "deep": true})
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_its_name() {
    let app = start().await;
    let many: Value = (0..17).map(|n| (n.to_string(), json!(n))).collect();
    for (more, named) in [
        (json!({"collection": ""}), "'collection'"),
        (json!({"collection": "x".repeat(257)}), "'collection'"),
        (json!({"collection": 5}), "'collection'"),
        (json!({"attributes": many}), "'attributes'"),
        (json!({"attributes": {"x".repeat(65): 1}}), "'attributes'"),
        (
            json!({"attributes": {"a": "x".repeat(513)}}),
            "'attributes'",
        ),
        (json!({"attributes": {"a": [1]}}), "'attributes'"),
    ] {
        let mut document = more;
        document["document_id"] = json!("d");
        document["text"] = json!("text");
        let told = call(&app, "file_search_index", &document).await;
        assert_eq!(told["isError"], true, "{document}");
        assert!(told.to_string().contains(named), "{told}");
    }
    for (more, named) in [
        (json!({"filters": {"type": "eq"}}), "'filters'"),
        (json!({"score_min": 2}), "'score_min'"),
        (json!({"collections": "a"}), "'collections'"),
    ] {
        let mut asked = more;
        asked["query"] = json!("q");
        let told = call(&app, "file_search_query", &asked).await;
        assert_eq!(told["isError"], true, "{asked}");
        assert!(told.to_string().contains(named), "{told}");
    }
    let listed = app.get("/v1/documents").await.expect_status(200).json();
    assert_eq!(listed["data"], json!([]));
}
