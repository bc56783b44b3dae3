//! The read side, and that it says what the REST API says.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::json;

use super::{ask, completion, conversation, data_of, error_of, response};

#[tokio::test]
async fn a_viewer_sees_its_own_account_and_usage() {
    let app = App::start().await;
    response(&app, "reply exactly hi").await;
    let me = app.get("/auth/me").await.json();
    let query = "{ viewer { __typename id username kind createdAt
        usage { model requests completed outputTokens }
        none: usage(from: \"2001-01-01\", to: \"2001-01-02\") { model } } }";
    let viewer = &data_of(&app, query, json!({})).await["viewer"];
    assert_eq!(viewer["id"], me["id"]);
    assert_eq!(viewer["username"], me["username"]);
    assert_eq!(viewer["kind"], "GUEST");
    assert_eq!(viewer["usage"][0]["model"], MODEL);
    assert_eq!(viewer["usage"][0]["completed"], 1);
    assert_eq!(viewer["none"], json!([]));
}

#[tokio::test]
async fn fields_are_answered_in_the_order_in_which_they_were_asked_for() {
    let app = App::start().await;
    let query = "{ viewer { usage { requests } username ...More } } \
                 fragment More on Account { none: usage(from: \"2001-01-01\") { model } id kind }";
    let told = app.post("/graphql", json!({"query": query})).await;
    let told = told.expect_status(200);
    let place = |name: &str| told.text().find(&format!("\"{name}\"")).unwrap();
    let places = ["usage", "username", "none", "id", "kind"].map(place);
    assert!(places.is_sorted(), "{}", told.text());
}

#[tokio::test]
async fn a_conversation_is_read_as_soon_as_it_is_written() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 3).await;
    let query = "query($id: ID!) {
        conversation(id: $id) {
            id title referrer metadata createdAt updatedAt
            items { edges { cursor node { id type role status text sequenceNumber createdAt body } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let told = &data_of(&app, query, json!({"id": id})).await["conversation"];
    assert_eq!((&told["id"], &told["title"]), (&json!(id), &json!("Tea")));
    assert_eq!(told["metadata"], json!({}));
    let edges = told["items"]["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 3);
    let path = format!("/v1/conversations/{id}/items?order=asc");
    let items = app.get(&path).await.json();
    for (place, edge) in edges.iter().enumerate() {
        assert_eq!(edge["node"]["text"], format!("message {place}"));
        assert_eq!(edge["node"]["sequenceNumber"], json!(place + 1));
        assert_eq!(edge["node"]["body"], items["data"][place]);
    }
    assert_eq!(told["items"]["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn a_response_is_what_the_rest_api_shows() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "metadata": {"a": "b"}, "instructions": "be brief",
        "input": "call tool docs__echo with {\"text\": \"tea\"}",
        "tools": [{"type": "mcp", "server_label": "docs", "require_approval": "never",
            "server_url": "https://docs.example/mcp"}]});
    let made = app
        .post("/v1/responses", body)
        .await
        .expect_status(200)
        .json();
    let query = "query($id: ID!) { response(id: $id) {
        id status model background createdAt endedAt instructions outputText metadata body
        usage { inputTokens totalTokens } error { code message } incompleteReason
        input { type text } output { id type response { id } }
        steps { index type status tool serverLabel arguments output durationMs endedAt model } } }";
    let told = &data_of(&app, query, json!({"id": made["id"]})).await["response"];
    assert_eq!(told["body"], made);
    assert_eq!(told["status"], "COMPLETED");
    assert_eq!(told["metadata"], json!({"a": "b"}));
    assert_eq!(told["instructions"], "be brief");
    assert_eq!(told["usage"]["totalTokens"], made["usage"]["total_tokens"]);
    assert!(told["outputText"].as_str().unwrap().contains("tea"));
    assert!(told["error"].is_null() && told["incompleteReason"].is_null());
    let output = told["output"].as_array().unwrap();
    assert_eq!(output.len(), made["output"].as_array().unwrap().len());
    let said = output.last().unwrap();
    assert_eq!(said["response"]["id"], made["id"], "{said}");
    let path = format!("/v1/responses/{}/steps", made["id"].as_str().unwrap());
    let steps = app.get(&path).await.json();
    let told = told["steps"].as_array().unwrap();
    let listed = steps["data"].as_array().unwrap();
    assert_eq!(told.len(), listed.len());
    for (ours, theirs) in told.iter().zip(listed) {
        assert_eq!(ours["status"], theirs["status"], "{ours}");
        assert_eq!(ours["tool"], theirs["tool"], "{ours}");
        assert_eq!(ours["durationMs"], theirs["duration_ms"], "{ours}");
        assert!(ours["endedAt"].is_string(), "{ours}");
    }
}

#[tokio::test]
async fn responses_hang_on_their_conversation_and_on_each_other() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 1).await;
    let body = json!({"model": MODEL, "input": "reply exactly first", "conversation": id});
    app.post("/v1/responses", body).await.expect_status(200);
    let first = response(&app, "reply exactly one").await;
    let body = json!({"model": MODEL, "input": "reply exactly two", "previous_response_id": first});
    app.post("/v1/responses", body).await.expect_status(200);
    let query = "query($id: ID!) {
        conversation(id: $id) { responses { outputText conversation { id } } }
        responses(first: 1) { edges { node { outputText previousResponse { id } } } } }";
    let told = data_of(&app, query, json!({"id": id})).await;
    let responses = json!([{"outputText": "first", "conversation": {"id": id}}]);
    assert_eq!(told["conversation"]["responses"], responses);
    let newest = &told["responses"]["edges"][0]["node"];
    assert_eq!(newest["outputText"], "two");
    assert_eq!(newest["previousResponse"]["id"], json!(first));
}

#[tokio::test]
async fn a_stored_completion_is_read_with_its_messages() {
    let app = App::start().await;
    let id = completion(&app, "reply exactly kept").await;
    let query = "query($id: ID!) { storedCompletion(id: $id) {
        id model text choices usage { totalTokens } messages metadata createdAt }
        storedCompletions { edges { node { id } } } }";
    let told = data_of(&app, query, json!({"id": id})).await;
    let read = app.get(&format!("/v1/chat/completions/{id}")).await.json();
    let one = &told["storedCompletion"];
    assert_eq!(
        (&one["text"], &one["choices"]),
        (&json!("kept"), &read["choices"])
    );
    assert_eq!(one["usage"]["totalTokens"], read["usage"]["total_tokens"]);
    assert_eq!(one["messages"][0]["content"], "reply exactly kept");
    assert_eq!(
        told["storedCompletions"]["edges"][0]["node"]["id"],
        json!(id)
    );
}

#[tokio::test]
async fn whatever_has_an_id_is_a_node() {
    let app = App::start().await;
    let me = app.get("/auth/me").await.json();
    let ids = [
        (conversation(&app, "Tea", 0).await, "Conversation"),
        (response(&app, "reply exactly hi").await, "Response"),
        (
            completion(&app, "reply exactly hi").await,
            "StoredCompletion",
        ),
        (me["id"].as_str().unwrap().to_owned(), "Account"),
    ];
    let query = "query($id: ID!) { node(id: $id) { __typename id } }";
    for (id, kind) in ids {
        let told = data_of(&app, query, json!({"id": id})).await;
        assert_eq!(told["node"], json!({"__typename": kind, "id": id}));
    }
    for nothing in ["nonsense", "conv_0", "resp_0", "chatcmpl-0", "user_0", ""] {
        let told = data_of(&app, query, json!({"id": nothing})).await;
        assert!(told["node"].is_null(), "{nothing}: {told}");
    }
}

#[tokio::test]
async fn models_are_for_all_and_nodes_for_administrators() {
    let app = App::start().await;
    let query = format!(
        "{{ models {{ id ownedBy }} model(id: \"{MODEL}\") {{ id }} none: model(id: \"x\") {{ id }} }}"
    );
    let told = data_of(&app, &query, json!({})).await;
    assert_eq!(told["models"][0]["id"], MODEL);
    assert_eq!(
        (&told["model"]["id"], &told["none"]),
        (&json!(MODEL), &json!(null))
    );
    let nodes = "{ nodes { id startedAt expiresAt } }";
    let told = data_of(&app.administrator(), nodes, json!({})).await;
    assert_eq!(told["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(error_of(&app, nodes, json!({})).await[0], "FORBIDDEN");
}

#[tokio::test]
async fn a_field_that_fails_leaves_the_others_alone() {
    let app = App::start().await;
    let query = "{ models { id } conversation(id: \"nonsense\") { id } }";
    let told = ask(&app, query, &json!({})).await.expect_status(200).json();
    assert!(told["data"]["models"][0]["id"].is_string(), "{told}");
    assert_eq!(told["data"].get("conversation"), Some(&json!(null)));
    let error = &told["errors"][0];
    assert_eq!(error["extensions"]["code"], "INVALID_VALUE");
    assert_eq!(error["extensions"]["field"], "id");
    assert_eq!(error["path"], json!(["conversation"]));
}

#[tokio::test]
async fn a_conversation_is_shown_as_it_stood() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 2).await;
    let path = format!("/v1/conversations/{id}");
    let versions = app.events_of(&id).await.len();
    app.post(&path, json!({"title": "Coffee"}))
        .await
        .expect_status(200);
    let more = json!({"items": [{"role": "user", "content": "more"}]});
    app.post(&format!("{path}/items"), more)
        .await
        .expect_status(200);
    app.delete(&path).await.expect_status(200);
    let query = "query($id: ID!, $version: BigInt, $time: DateTime) {
        conversation(id: $id, atVersion: $version, atTime: $time) {
            title asOf { version at position } updatedAt
            items(last: 2) { pageInfo { hasPreviousPage } edges { cursor node { text } } } } }";
    let asked = json!({"id": id, "version": versions});
    let then = &data_of(&app, query, asked.clone()).await["conversation"];
    assert_eq!(then["title"], "Tea", "{then}");
    assert_eq!(then["asOf"]["version"], json!(versions));
    assert_eq!(then["items"]["edges"][1]["node"]["text"], "message 1");
    assert_eq!(then["items"]["pageInfo"]["hasPreviousPage"], false);
    let later = json!({"id": id, "version": versions + 2});
    let later = &data_of(&app, query, later).await["conversation"];
    assert_eq!(later["items"]["edges"][1]["node"]["text"], "more");
    assert_eq!(later["items"]["pageInfo"]["hasPreviousPage"], true);
    for nothing in [
        json!({"id": id}),
        json!({"id": id, "version": 99}),
        json!({"id": id, "time": "2001-01-01T00:00:00Z"}),
    ] {
        assert!(data_of(&app, query, nothing).await["conversation"].is_null());
    }
    assert!(data_of(&app.guest().await, query, asked).await["conversation"].is_null());
    let both = json!({"id": id, "version": 1, "time": "2001-01-01T00:00:00Z"});
    assert_eq!(
        error_of(&app, query, both).await,
        ["INVALID_VALUE", "atVersion"]
    );
}
