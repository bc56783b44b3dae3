//! Each mutation: what it does, what it answers, and why not.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{completion, conversation, data_of, error_of, id_of, response};

/// What a mutation answers; `input` is its input.
pub(super) async fn done(client: &Client, name: &str, input: Value, fields: &str) -> Value {
    let kind = name[..1].to_uppercase() + &name[1..];
    let document = format!(
        "mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {fields} userErrors {{ code field message }} }} }}"
    );
    let mut told = data_of(client, &document, json!({"input": input})).await;
    told[name].take()
}

/// The one error of a mutation, as `[code, field]`.
pub(super) async fn refused(client: &Client, name: &str, input: Value) -> [Value; 2] {
    let told = done(client, name, input, "").await;
    let [error] = told["userErrors"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|told| !told.is_empty())
    );
    [error["code"].clone(), error["field"].clone()]
}

#[tokio::test]
async fn a_conversation_lives_and_ends() {
    let app = App::start().await;
    let input = json!({"title": "Tea", "referrer": "mail", "metadata": {"a": "b"},
        "items": [{"role": "user", "content": "hello"}]});
    let fields =
        "conversation { id title referrer metadata updatedAt items { edges { node { text } } } }";
    let made = done(&app, "createConversation", input, fields).await;
    assert_eq!(made["userErrors"], json!([]));
    let made = &made["conversation"];
    assert_eq!(made["items"]["edges"][0]["node"]["text"], "hello");
    assert_eq!(
        (&made["title"], &made["metadata"]),
        (&json!("Tea"), &json!({"a": "b"}))
    );
    assert!(made["updatedAt"].is_string());
    let id = id_of(made);
    let input = json!({"id": id, "title": "Coffee", "metadata": {}});
    let fields = "conversation { title referrer metadata }";
    let changed = done(&app, "updateConversation", input, fields).await;
    let coffee = json!({"title": "Coffee", "referrer": "mail", "metadata": {}});
    assert_eq!(changed["conversation"], coffee);
    let read = app.get(&format!("/v1/conversations/{id}")).await.json();
    assert_eq!(read["title"], "Coffee");
    let gone = done(
        &app,
        "deleteConversation",
        json!({"id": id}),
        "deletedConversationId",
    )
    .await;
    assert_eq!(gone["deletedConversationId"], json!(id));
    app.get(&format!("/v1/conversations/{id}"))
        .await
        .expect_status(404);
    let again = refused(&app, "deleteConversation", json!({"id": id})).await;
    assert_eq!(again[0], "NOT_FOUND");
}

#[tokio::test]
async fn items_come_and_go() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 1).await;
    let input = json!({"conversationId": id, "items": [
        {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]});
    let fields = "items { id role text } conversation { items { edges { node { text } } } }";
    let added = done(&app, "appendItems", input, fields).await;
    assert_eq!(added["items"][1]["role"], "assistant");
    let held = added.pointer("/conversation/items/edges").unwrap();
    assert_eq!(held.as_array().unwrap().len(), 3);
    let item = id_of(&added["items"][0]);
    let input = json!({"conversationId": id, "itemId": item});
    let fields = "deletedItemId conversation { items { edges { node { text } } } }";
    let gone = done(&app, "deleteItem", input.clone(), fields).await;
    assert_eq!(gone["deletedItemId"], json!(item));
    let held = gone.pointer("/conversation/items/edges").unwrap();
    assert_eq!(held[1]["node"]["text"], "two");
    assert_eq!(refused(&app, "deleteItem", input).await[0], "NOT_FOUND");
}

#[tokio::test]
async fn a_response_is_waited_for_or_left_alone() {
    let app = App::start().await;
    let fields = "warnings response { id status outputText body input { text } }";
    let input = json!({"model": MODEL, "input": "reply exactly tea", "metadata": {"a": "b"}});
    let whole = done(&app, "createResponse", input, fields).await;
    let told = &whole["response"];
    assert_eq!(
        (&told["status"], &told["outputText"]),
        (&json!("COMPLETED"), &json!("tea"))
    );
    assert_eq!(told["input"][0]["text"], "reply exactly tea");
    let read = app
        .get(&format!("/v1/responses/{}", id_of(told)))
        .await
        .json();
    assert_eq!(told["body"], read);
    let unkept = json!({"model": MODEL, "input": "reply exactly tea", "store": false});
    let unkept = done(&app, "createResponse", unkept, fields).await;
    assert_eq!(unkept["response"]["outputText"], "tea");
    app.get(&format!("/v1/responses/{}", id_of(&unkept["response"])))
        .await
        .expect_status(404);
    let input =
        json!({"model": MODEL, "input": "[frame_ms=20] count to 100000", "background": true});
    let begun = done(
        &app,
        "createResponse",
        input,
        "response { id background status }",
    )
    .await;
    let begun = &begun["response"];
    assert_eq!(begun["background"], true);
    let id = id_of(begun);
    let stopped = done(
        &app,
        "cancelResponse",
        json!({"id": id}),
        "response { status }",
    )
    .await;
    assert_eq!(stopped["response"]["status"], "CANCELLED");
    let gone = done(
        &app,
        "deleteResponse",
        json!({"id": id}),
        "deletedResponseId",
    )
    .await;
    assert_eq!(gone["deletedResponseId"], json!(id));
    assert_eq!(
        refused(&app, "deleteResponse", json!({"id": id})).await[0],
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn what_is_said_of_a_stored_completion_can_change() {
    let app = App::start().await;
    let id = completion(&app, "reply exactly hi").await;
    let input = json!({"id": id, "metadata": {"a": "b"}});
    let changed = done(
        &app,
        "updateStoredCompletion",
        input,
        "storedCompletion { text metadata }",
    );
    let changed = changed.await;
    assert_eq!(
        changed["storedCompletion"],
        json!({"text": "hi", "metadata": {"a": "b"}})
    );
    let query = "{ storedCompletions(metadata: {a: \"b\"}) { edges { cursor } }
        none: storedCompletions(metadata: {a: \"c\"}) { edges { cursor } } }";
    let told = data_of(&app, query, json!({})).await;
    assert_eq!(told["storedCompletions"]["edges"][0]["cursor"], json!(id));
    assert_eq!(told["none"]["edges"], json!([]));
    let gone = done(
        &app,
        "deleteStoredCompletion",
        json!({"id": id}),
        "deletedStoredCompletionId",
    );
    assert_eq!(gone.await["deletedStoredCompletionId"], json!(id));
    assert_eq!(
        refused(&app, "deleteStoredCompletion", json!({"id": id})).await[0],
        "NOT_FOUND"
    );
}

/// Inputs of mutations, each with the error that it gives: `[code, field]`.
type Refusals = Vec<(&'static str, Value, [&'static str; 2])>;

async fn assert_refused(app: &App, refusals: Refusals) {
    let before = app.events().await.len();
    for (name, input, error) in refusals {
        let told = refused(app, name, input.clone()).await;
        assert_eq!(told, error, "{name} {input}");
    }
    assert_eq!(app.events().await.len(), before, "nothing was changed");
}

#[tokio::test]
async fn what_cannot_be_done_to_a_conversation_is_told_at_its_field() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 0).await;
    let long = "x".repeat(300);
    let many = (0..17).map(|at| (format!("k{at}"), json!("v")));
    let many = Value::Object(many.collect());
    let item = json!({"role": "nobody", "content": "x"});
    let value = |field| ["INVALID_VALUE", field];
    let create = "createConversation";
    let refusals = vec![
        (create, json!({"title": long}), value("title")),
        (create, json!({"referrer": long}), value("referrer")),
        (create, json!({"metadata": many}), value("metadata")),
        (create, json!({"items": [5]}), value("items[0]")),
        (
            create,
            json!({"idempotencyKey": "a b"}),
            value("idempotencyKey"),
        ),
        (
            "updateConversation",
            json!({"id": id, "title": long}),
            value("title"),
        ),
        (
            "updateConversation",
            json!({"id": "x", "title": "y"}),
            value("id"),
        ),
        (
            "appendItems",
            json!({"conversationId": "x", "items": []}),
            value("conversationId"),
        ),
        (
            "appendItems",
            json!({"conversationId": id, "items": [item]}),
            value("items[0].role"),
        ),
        (
            "deleteItem",
            json!({"conversationId": id, "itemId": "a b"}),
            value("itemId"),
        ),
    ];
    assert_refused(&app, refusals).await;
}

#[tokio::test]
async fn what_cannot_be_done_to_a_response_is_told_at_its_field() {
    let app = App::start().await;
    let finished = response(&app, "reply exactly hi").await;
    let ask = json!({"model": MODEL, "input": "hi"});
    let with = |fields: Value| jan_tests::given::with(ask.clone(), fields);
    let create = "createResponse";
    let unkept = json!({"background": true, "store": false});
    let refusals = vec![
        (
            create,
            with(json!({"model": "nobody"})),
            ["MODEL_NOT_FOUND", "model"],
        ),
        (
            create,
            with(json!({"temperature": 9.0})),
            ["INVALID_VALUE", "temperature"],
        ),
        (
            create,
            with(json!({"maxOutputTokens": -1})),
            ["INVALID_VALUE", "maxOutputTokens"],
        ),
        (
            create,
            with(json!({"conversationId": "conv_0"})),
            ["NOT_FOUND", "conversationId"],
        ),
        (
            create,
            with(json!({"previousResponseId": "resp_0"})),
            ["PREVIOUS_RESPONSE_NOT_FOUND", "previousResponseId"],
        ),
        (create, with(unkept), ["INVALID_VALUE", "store"]),
        (
            create,
            with(json!({"text": {"format": {"type": "xml"}}})),
            ["INVALID_VALUE", "text.format.type"],
        ),
    ];
    assert_refused(&app, refusals).await;
    let ended = refused(&app, "cancelResponse", json!({"id": finished})).await;
    assert_eq!(ended[0], "NOT_CANCELLABLE");
}

#[tokio::test]
async fn what_is_no_input_at_all_is_no_mutation() {
    let app = App::start().await;
    let before = app.events().await.len();
    for document in [
        "mutation { createConversation(input: {title: 5}) { userErrors { code } } }",
        "mutation { createConversation(input: {metadata: {a: 1}}) { userErrors { code } } }",
        "mutation { createConversation(input: {nonsense: 1}) { userErrors { code } } }",
        "mutation { createResponse(input: {input: \"x\"}) { userErrors { code } } }",
        "mutation { deleteConversation { userErrors { code } } }",
        "mutation { createConversation(input: {title: \"\\u0000\"}) { userErrors { code } } }",
        "mutation { createConversation(input: {title: \"\\uD800\"}) { userErrors { code } } }",
    ] {
        let code = &error_of(&app, document, json!({})).await[0];
        assert_eq!(code, "INVALID_QUERY", "{document}");
    }
    assert_eq!(app.events().await.len(), before);
}

#[tokio::test]
async fn mutations_of_one_document_are_done_in_order() {
    let app = App::start().await;
    let document = "mutation { a: createConversation(input: {title: \"a\"}) { conversation { id } }
        b: createConversation(input: {title: \"b\"}) { conversation { id title } } }";
    let told = data_of(&app, document, json!({})).await;
    assert_ne!(
        told["a"]["conversation"]["id"],
        told["b"]["conversation"]["id"]
    );
    let list = data_of(
        &app,
        "{ conversations { edges { node { title } } } }",
        json!({}),
    )
    .await;
    assert_eq!(
        list.pointer("/conversations/edges/0/node/title").unwrap(),
        "b"
    );
}
