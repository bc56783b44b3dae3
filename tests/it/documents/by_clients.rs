use jan_infra::config::FileSearchSettings;
use jan_tests::app::App;
use serde_json::{Value, json};

use super::{call, fill, found, index, query, start, start_with};

#[tokio::test]
async fn both_tools_are_listed_with_their_schemas_and_hints() {
    let app = start().await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    let tools = listed["tools"].as_array().unwrap();
    let named = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    let keeps = named("file_search_index");
    assert_eq!(
        keeps["inputSchema"]["required"],
        json!(["document_id", "text"])
    );
    assert_eq!(keeps["annotations"]["readOnlyHint"], false);
    assert_eq!(keeps["annotations"]["idempotentHint"], true);
    let searches = named("file_search_query");
    assert_eq!(searches["inputSchema"]["required"], json!(["query"]));
    assert_eq!(searches["annotations"]["readOnlyHint"], true);
    assert_eq!(
        searches["inputSchema"]["properties"]["top_k"]["maximum"],
        50
    );
    for tool in [keeps, searches] {
        assert_eq!(tool["outputSchema"]["type"], "object");
    }
}

#[tokio::test]
async fn without_being_wanted_neither_is_there() {
    let app = App::start().await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200);
    assert!(!listed.text().contains("file_search"));
}

#[tokio::test]
async fn what_was_kept_is_found_at_once() {
    let app = start().await;
    let kept = index(
        &app,
        &json!({"document_id": "green", "text": "Green tea is not boiled.",
            "metadata": {"by": "Ann"}, "tags": ["tea"]}),
    )
    .await;
    assert_eq!(kept["document_id"], "green");
    assert_eq!(kept["status"], "indexed");
    assert_eq!(kept["token_count"], 6);
    assert_eq!(kept["unchanged"], false);
    let mut told = query(&app, &json!({"query": "boiling tea"})).await;
    let score = told["results"][0]["score"].take().as_f64().unwrap();
    assert!(score > 0.0 && score <= 1.0, "{score}");
    assert_eq!(
        told,
        json!({"query": "boiling tea", "top_k": 5, "count": 1, "mode": "text", "complete": true, "results": [{"document_id": "green", "score": null,
                "text_preview": "Green tea is not boiled.", "text": "Green tea is not boiled.",
                "passage": 0, "metadata": {"by": "Ann"}, "tags": ["tea"], "collection": null,
                "attributes": {"by": "Ann"}}]})
    );
}

#[tokio::test]
async fn the_same_again_is_no_news_and_another_text_replaces() {
    let app = start().await;
    let document = json!({"document_id": "d", "text": "The first is about tea."});
    let first = index(&app, &document).await;
    let again = index(&app, &document).await;
    assert_eq!(again["unchanged"], true);
    assert_eq!(again["indexed_at"], first["indexed_at"]);
    index(
        &app,
        &json!({"document_id": "d", "text": "The second is about coffee."}),
    )
    .await;
    assert_eq!(found(&query(&app, &json!({"query": "tea"})).await), [""; 0]);
    assert_eq!(
        found(&query(&app, &json!({"query": "coffee"})).await),
        ["d"]
    );
    let events = app.events().await;
    let indexed = events
        .iter()
        .filter(|event| event.event_type == "DocumentIndexed");
    assert_eq!(indexed.count(), 2);
}

#[tokio::test]
async fn a_search_can_be_narrowed() {
    let app = start().await;
    fill(&app).await;
    let all = query(&app, &json!({"query": "water"})).await;
    assert_eq!(all["count"], 3);
    for (asked, expected) in [
        (
            json!({"query": "water", "document_ids": ["black", "nobody's"]}),
            vec!["black"],
        ),
        (
            json!({"query": "water", "tags": ["coffee"]}),
            vec!["coffee"],
        ),
        (json!({"query": "water", "tags": ["coffee", "tea"]}), vec![]),
        (json!({"query": "tea -green"}), vec!["black"]),
        (json!({"query": "\"four minutes\""}), vec!["black"]),
        (
            json!({"query": "minutes degrees coffee", "document_ids": ["green"]}),
            vec!["green"],
        ),
        (json!({"query": "zebra"}), vec![]),
    ] {
        assert_eq!(found(&query(&app, &asked).await), expected, "{asked}");
    }
    let best = query(
        &app,
        &json!({"query": "what does black tea want?", "top_k": 1}),
    )
    .await;
    assert_eq!(found(&best), ["black"]);
}

#[tokio::test]
async fn passages_of_a_long_text_are_found_one_by_one() {
    let app = start().await;
    let filler = "Nothing of interest is said here at all. ".repeat(100);
    let text = format!("{filler}\n\nThe harbour master lives in the lighthouse.\n\n{filler}");
    index(&app, &json!({"document_id": "long", "text": text})).await;
    let told = query(&app, &json!({"query": "Who lives in the lighthouse?"})).await;
    let first = &told["results"][0];
    let passage = first["text"].as_str().unwrap();
    assert!(passage.contains("harbour master") && passage.len() <= 1_000);
    let preview = first["text_preview"].as_str().unwrap();
    assert!(
        preview.contains("lighthouse") && preview.chars().count() <= 241,
        "{preview}"
    );
    assert!(first["passage"].as_i64().unwrap() > 0);
    let many = query(&app, &json!({"query": "interest", "top_k": 1000})).await;
    assert!(many["count"].as_u64().unwrap() <= 50, "{many}");
}

#[tokio::test]
async fn what_is_beyond_a_limit_is_refused_by_its_name_and_nothing_is_kept() {
    let app = start_with(FileSearchSettings {
        documents_max: 2,
        bytes_max: 50,
        ..FileSearchSettings::default()
    })
    .await;
    let long = "a".repeat(1_000_001);
    let many: Vec<_> = (0..17).map(|n| n.to_string()).collect();
    let with = |name: &str, value: Value| {
        let mut document = json!({"document_id": "d", "text": "t"});
        document[name] = value;
        document
    };
    for (document, words) in [
        (json!({}), "'document_id'"),
        (json!({"document_id": "d"}), "'text'"),
        (with("document_id", json!(5)), "'document_id'"),
        (with("document_id", json!("")), "'document_id'"),
        (with("document_id", json!("x".repeat(257))), "'document_id'"),
        (with("document_id", json!("a\nb")), "'document_id'"),
        (with("text", json!(" ")), "'text'"),
        (with("text", json!([])), "'text'"),
        (with("text", json!(long)), "'text'"),
        (with("text", json!("x".repeat(51))), "50 bytes"),
        (with("metadata", json!("m")), "'metadata'"),
        (
            with("metadata", json!({"k": "x".repeat(16_384)})),
            "'metadata'",
        ),
        (with("tags", json!("t")), "'tags'"),
        (with("tags", json!([1])), "'tags'"),
        (with("tags", json!(many)), "'tags'"),
        (with("tags", json!(["x".repeat(65)])), "'tags'"),
    ] {
        let result = call(&app, "file_search_index", &document).await;
        assert_eq!(result["isError"], true, "{words}: {result}");
        let told = result["content"][0]["text"].as_str().unwrap();
        assert!(told.contains(words), "{words}: {told}");
    }
    for name in ["one", "two"] {
        index(&app, &json!({"document_id": name, "text": "ten bytes."})).await;
    }
    let third = json!({"document_id": "three", "text": "ten bytes."});
    let refused = call(&app, "file_search_index", &third).await;
    assert_eq!(refused["isError"], true);
    index(
        &app,
        &json!({"document_id": "two", "text": "replaced, for that is no third one"}),
    )
    .await;
    let events = app.events().await;
    let indexed = events
        .iter()
        .filter(|event| event.event_type == "DocumentIndexed");
    assert_eq!(indexed.count(), 3);
}

#[tokio::test]
async fn an_odd_search_is_a_search_all_the_same_or_refused_by_its_name() {
    let app = start().await;
    fill(&app).await;
    for asked in [
        "' or 1=1 --",
        "((((",
        "\\",
        "a & !b | <-> c",
        "\"",
        "-",
        "%_",
        "the",
        "a&b",
    ] {
        query(&app, &json!({"query": asked, "top_k": 1e9})).await;
    }
    for (asked, words) in [
        (json!({}), "'query'"),
        (json!({"query": ""}), "'query'"),
        (json!({"query": "x".repeat(1_001)}), "'query'"),
        (json!({"query": "a", "top_k": "x"}), "'top_k'"),
        (
            json!({"query": "a", "document_ids": "green"}),
            "'document_ids'",
        ),
        (json!({"query": "a", "tags": [5]}), "'tags'"),
    ] {
        let result = call(&app, "file_search_query", &asked).await;
        assert_eq!(result["isError"], true, "{result}");
        let told = result["content"][0]["text"].as_str().unwrap();
        assert!(told.contains(words), "{told}");
    }
}
