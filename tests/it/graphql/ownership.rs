//! Somebody else's object answers like one that never was.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::{ask, completion, conversation, data_of, response};

/// The kind of thing, an id of a stranger's, and one of nothing.
async fn things(app: &App) -> Vec<[String; 3]> {
    let nothing = "0".repeat(32);
    vec![
        [
            "conversation".to_owned(),
            conversation(app, "secret", 1).await,
            format!("conv_{nothing}"),
        ],
        [
            "response".to_owned(),
            response(app, "reply exactly secret").await,
            format!("resp_{nothing}"),
        ],
        [
            "storedCompletion".to_owned(),
            completion(app, "reply exactly secret").await,
            format!("chatcmpl-{nothing}"),
        ],
    ]
}

#[tokio::test]
async fn nothing_of_a_strangers_can_be_read() {
    let app = App::start().await;
    let stranger = app.guest().await;
    for [field, theirs, nothing] in things(&app).await {
        for id in [&theirs, &nothing] {
            let query =
                format!("query($id: ID!) {{ {field}(id: $id) {{ id }} node(id: $id) {{ id }} }}");
            let told = data_of(&stranger, &query, json!({"id": id})).await;
            assert_eq!(told, json!({field.as_str(): null, "node": null}));
        }
    }
    let me = app.get("/auth/me").await.json();
    let told = data_of(
        &stranger,
        "query($id: ID!) { node(id: $id) { id } }",
        json!({"id": me["id"]}),
    );
    assert!(told.await["node"].is_null());
    let lists = "{ conversations { totalCount edges { cursor } } responses { edges { cursor } }
        storedCompletions { edges { cursor } } viewer { usage { model } } }";
    let none = json!({"edges": []});
    assert_eq!(
        data_of(&stranger, lists, json!({})).await,
        json!({"conversations": {"totalCount": 0, "edges": []}, "responses": none,
            "storedCompletions": none, "viewer": {"usage": []}})
    );
}

#[tokio::test]
async fn a_strangers_object_cannot_be_reached_from_an_own_one() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let theirs = response(&app, "reply exactly secret").await;
    // An item's id names the response that it is of.
    let digits = theirs.strip_prefix("resp_").unwrap();
    let forged = format!("msg_{digits}{}", "0".repeat(18));
    let body = json!({"items": [{"id": forged, "role": "user", "content": "hi"}]});
    stranger
        .post("/v1/conversations", body)
        .await
        .expect_status(200);
    let query =
        "{ conversations { edges { node { items { edges { node { id response { id } } } } } } } }";
    let told = data_of(&stranger, query, json!({})).await;
    let item = told
        .pointer("/conversations/edges/0/node/items/edges/0/node")
        .unwrap();
    assert_eq!(*item, json!({"id": forged, "response": null}));
    // Nor by a cursor.
    let query = format!("{{ responses(after: \"{theirs}\") {{ edges {{ cursor }} }} }}");
    let refused = ask(&stranger, &query, &json!({})).await.json();
    let nothing = query.replace(digits, &"0".repeat(32));
    let unknown = ask(&stranger, &nothing, &json!({})).await.json();
    let plain = |told: &Value| told.to_string().replace(digits, &"0".repeat(32));
    assert_eq!(plain(&refused), plain(&unknown));
}

#[tokio::test]
async fn nothing_can_be_done_to_it_either() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let [conversations, responses, completions] =
        <[_; 3]>::try_from(things(&app).await).unwrap_or_else(|_| panic!("three kinds"));
    let before = app.events().await.len();
    for (mutation, [_, theirs, nothing]) in [
        (
            "updateConversation(input: {id: $id, title: \"x\"})",
            &conversations,
        ),
        ("deleteConversation(input: {id: $id})", &conversations),
        (
            "appendItems(input: {conversationId: $id, items: [{role: \"user\", content: \"x\"}]})",
            &conversations,
        ),
        (
            "deleteItem(input: {conversationId: $id, itemId: \"msg_1\"})",
            &conversations,
        ),
        ("cancelResponse(input: {id: $id})", &responses),
        ("deleteResponse(input: {id: $id})", &responses),
        (
            "updateStoredCompletion(input: {id: $id, metadata: {}})",
            &completions,
        ),
        ("deleteStoredCompletion(input: {id: $id})", &completions),
    ] {
        let document = format!(
            "mutation($id: ID!) {{ done: {mutation} {{ userErrors {{ code message field }} }} }}"
        );
        let theirs = data_of(&stranger, &document, json!({"id": theirs})).await;
        let nothing = data_of(&stranger, &document, json!({"id": nothing})).await;
        assert_eq!(theirs, nothing, "{mutation}");
        assert_eq!(
            theirs["done"]["userErrors"][0]["code"], "NOT_FOUND",
            "{mutation}"
        );
    }
    assert_eq!(app.events().await.len(), before);
}
