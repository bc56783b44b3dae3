//! What happened, and what administrators do with the read models.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::subscriptions::followed;
use super::{conversation, data_of, error_of};

const AUDIT: &str = "query($where: AuditFilterInput, $last: Int) { auditEvents(where: $where, last: $last) {
    edges { cursor node { position type stream sequence actor owner requestId recordedAt payload } } } }";

/// The types of what a search finds.
async fn found(client: &jan_tests::request::Client, wanted: Value) -> Vec<String> {
    let told = data_of(client, AUDIT, json!({"where": wanted})).await;
    let edges = told["auditEvents"]["edges"].as_array().unwrap().iter();
    let kinds = edges.map(|edge| edge["node"]["type"].as_str().unwrap().to_owned());
    kinds.collect()
}

#[tokio::test]
async fn everybody_sees_what_happened_to_its_own() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 1).await;
    let path = format!("/v1/conversations/{id}");
    app.post(&path, json!({"title": "Coffee"}))
        .await
        .expect_status(200);
    let of_it = json!({"stream": id});
    let told = found(&app, of_it.clone()).await;
    let recorded = app.events_of(&id).await.into_iter().rev();
    let recorded: Vec<_> = recorded.map(|event| event.event_type).collect();
    assert_eq!(told, recorded);
    assert_eq!(found(&app.administrator(), of_it.clone()).await, recorded);
    assert!(found(&app.guest().await, of_it.clone()).await.is_empty());
    let renamed = json!({"stream": id, "type": "ConversationTitleChanged"});
    assert_eq!(found(&app, renamed).await, ["ConversationTitleChanged"]);
    let never = json!({"stream": id, "since": "9000-01-01T00:00:00Z"});
    assert!(found(&app, never).await.is_empty());
    let first = data_of(&app, AUDIT, json!({"where": of_it, "last": 1})).await;
    let first = first.pointer("/auditEvents/edges/0/node").unwrap();
    assert_eq!(first["type"], "ConversationCreated", "{first}");
    assert_eq!(first["sequence"], 1);
    assert!(first["payload"].to_string().contains("Tea"), "{first}");
    let far = json!({"where": {"since": "+200000-01-01T00:00:00Z"}});
    assert!(error_of(&app, AUDIT, far).await[0].is_string());
}

#[tokio::test]
async fn an_administrator_makes_a_read_model_anew_and_follows_that() {
    let app = App::start().await;
    conversation(&app, "Tea", 1).await;
    let administrator = app.administrator();
    let list = "{ projections { name generation status lagEvents position } }";
    let lives = data_of(&administrator, list, json!({})).await;
    let lives = lives["projections"].as_array().unwrap();
    assert!(
        lives.iter().any(|life| life["status"] == "live"),
        "{lives:?}"
    );
    let name = lives[0]["name"].clone();
    let rebuild = "mutation($name: String!) { rebuildProjection(input: {name: $name}) {
        progress { name generation status } userErrors { code field } } }";
    let begun = data_of(&administrator, rebuild, json!({"name": name})).await;
    let begun = &begun["rebuildProjection"];
    assert_eq!(
        (&begun["userErrors"], &begun["progress"]["name"]),
        (&json!([]), &name)
    );
    let follow = "subscription($name: String!) { projectionProgress(name: $name) {
        generation status phase eventsDone eventsTotal } }";
    let told = followed(&administrator, follow, json!({"name": name})).await;
    let last = &told.last().unwrap()["data"]["projectionProgress"];
    assert_eq!(last["status"], "live", "{last}");
    assert_eq!(last["generation"], begun["progress"]["generation"]);
    let unknown = data_of(&administrator, rebuild, json!({"name": "nothing"})).await;
    let unknown = &unknown["rebuildProjection"]["userErrors"];
    assert_eq!(*unknown, json!([{"code": "NOT_FOUND", "field": "name"}]));
    for (document, variables) in [(list, json!({})), (rebuild, json!({"name": name}))] {
        assert_eq!(error_of(&app, document, variables).await[0], "FORBIDDEN");
    }
    let refused = followed(&app, follow, json!({"name": name})).await;
    assert_eq!(refused[0]["errors"][0]["extensions"]["code"], "FORBIDDEN");
}
