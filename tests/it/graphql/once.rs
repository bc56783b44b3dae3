//! `idempotencyKey`, and the header of the same name.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::{Value, json};

use super::{GRAPHQL, ask, data_of};

const CREATE: &str = "mutation($input: CreateConversationInput!) {
    createConversation(input: $input) { conversation { id title } userErrors { code field } } }";

fn keyed(title: &str, key: &str) -> Value {
    json!({"input": {"title": title, "idempotencyKey": key}})
}

#[tokio::test]
async fn a_key_carries_a_mutation_out_once() {
    let app = App::start().await;
    let first = data_of(&app, CREATE, keyed("Tea", "k1")).await;
    let events = app.events().await.len();
    assert_eq!(data_of(&app, CREATE, keyed("Tea", "k1")).await, first);
    assert_eq!(app.events().await.len(), events);
    let other = data_of(&app, CREATE, keyed("Coffee", "k1")).await;
    let reused = json!([{"code": "IDEMPOTENCY_KEY_REUSED", "field": "idempotencyKey"}]);
    assert_eq!(other["createConversation"]["userErrors"], reused);
    // A key belongs to its caller and its mutation.
    let stranger = app.guest().await;
    let theirs = data_of(&stranger, CREATE, keyed("Tea", "k1")).await;
    assert_ne!(theirs, first);
    let id = &first["createConversation"]["conversation"]["id"];
    let delete = "mutation($input: DeleteConversationInput!) {
        deleteConversation(input: $input) { deletedConversationId userErrors { code } } }";
    let input = json!({"input": {"id": id, "idempotencyKey": "k1"}});
    let gone = data_of(&app, delete, input.clone()).await;
    assert_eq!(gone["deleteConversation"]["deletedConversationId"], *id);
    assert_eq!(data_of(&app, delete, input).await, gone);
    assert_eq!(data_of(&app, CREATE, keyed("Tea", "k1")).await, first);
}

#[tokio::test]
async fn a_key_makes_one_response() {
    let app = App::start().await;
    let document = "mutation($input: CreateResponseInput!) {
        createResponse(input: $input) { response { id outputText } userErrors { code } } }";
    for (key, background) in [("whole", false), ("left", true)] {
        let input = json!({"input": {"model": MODEL, "input": "reply exactly tea",
            "background": background, "idempotencyKey": key}});
        let first = data_of(&app, document, input.clone()).await;
        let again = data_of(&app, document, input).await;
        let id = |told: &Value| told["createResponse"]["response"]["id"].clone();
        assert!(id(&first).is_string(), "{first}");
        assert_eq!(id(&first), id(&again));
    }
    let asked = app.events().await;
    let begun = asked
        .iter()
        .filter(|event| event.event_type == "ResponseRequested");
    assert_eq!(begun.count(), 2);
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again_under_its_key() {
    let app = App::start().await;
    let long = "x".repeat(300);
    let refused = data_of(&app, CREATE, keyed(&long, "k")).await;
    assert_eq!(
        refused["createConversation"]["userErrors"][0]["code"],
        "INVALID_VALUE"
    );
    let made = data_of(&app, CREATE, keyed("Tea", "k")).await;
    assert_eq!(made["createConversation"]["userErrors"], json!([]));
}

#[tokio::test]
async fn the_header_means_the_whole_request() {
    let app = App::start().await;
    let send = |title: &str| {
        ask(&app, CREATE, &json!({"input": {"title": title}})).header("idempotency-key", "h")
    };
    let long = "x".repeat(300);
    // Nothing was done, so nothing is kept.
    send(&long).await.expect_status(200);
    let first = send("Tea").await.expect_status(200);
    let again = send("Tea").await.expect_status(200);
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let reused = send("Coffee").await.expect_status(400).json();
    assert_eq!(
        reused["errors"][0]["extensions"]["code"],
        "IDEMPOTENCY_KEY_REUSED"
    );
    let followed = app
        .post(
            GRAPHQL,
            json!({"query": "subscription { conversationEvents(id: \"conv_0\") { type } }"}),
        )
        .header("accept", "text/event-stream")
        .header("idempotency-key", "s");
    followed.await.expect_status(400);
}
