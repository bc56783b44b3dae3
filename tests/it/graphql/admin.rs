//! What happened, and what administrators do with the read models.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::mutations::{done, refused};
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
    let end = &told.last().unwrap()["data"]["projectionProgress"];
    assert_eq!(end["status"], "live", "{end}");
    assert_eq!(end["generation"], begun["progress"]["generation"]);
    let unknown = data_of(&administrator, rebuild, json!({"name": "nothing"})).await;
    let unknown = &unknown["rebuildProjection"]["userErrors"];
    assert_eq!(*unknown, json!([{"code": "NOT_FOUND", "field": "name"}]));
    for (document, variables) in [(list, json!({})), (rebuild, json!({"name": name}))] {
        assert_eq!(error_of(&app, document, variables).await[0], "FORBIDDEN");
    }
    let refused = followed(&app, follow, json!({"name": name})).await;
    assert_eq!(refused[0]["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn an_administrator_looks_after_read_models() {
    let app = App::start().await;
    conversation(&app, "Tea", 1).await;
    let administrator = app.administrator();
    let operator = app.projections();
    let model = jan_projections::ReadModel::Documents;
    let generation = operator.begin_here(model, None).await.unwrap();
    operator.carry(model, generation).await.unwrap();
    let name = json!({"name": model.name()});
    let fields = "projections { generation status }";
    let back = done(&administrator, "rollBackProjection", name.clone(), fields).await;
    let statuses = |told: &Value| -> Vec<(i64, String)> {
        let lives = told["projections"].as_array().unwrap().iter();
        lives
            .map(|life| {
                let status = life["status"].as_str().unwrap().to_owned();
                (life["generation"].as_i64().unwrap(), status)
            })
            .collect()
    };
    let live = (i64::from(generation) - 1, "live".to_owned());
    assert!(statuses(&back).contains(&live), "{back}");
    let alone = done(&administrator, "retireProjection", name.clone(), fields).await;
    assert_eq!(statuses(&alone), [live]);
    let again = refused(&administrator, "retireProjection", name.clone()).await;
    assert!(again[0].is_string());
    let parked = "query($name: String!) { parkedEvents(name: $name) { position stream error } }";
    let none = data_of(&administrator, parked, name.clone()).await;
    assert_eq!(none["parkedEvents"], json!([]));
    let tried = done(
        &administrator,
        "retryParkedEvents",
        name.clone(),
        "retried { stream }",
    )
    .await;
    assert_eq!(tried["retried"], json!([]));
    let both = json!({"name": model.name(), "stream": "conv_a", "position": 1});
    let both = refused(&administrator, "retryParkedEvents", both).await;
    assert_eq!(both, [json!("INVALID_VALUE"), json!("position")]);
    let nowhere = json!({"name": model.name(), "position": 999_999, "reason": "it is broken"});
    let nowhere = refused(&administrator, "skipEvent", nowhere).await;
    assert_eq!(nowhere[0], "INVALID_VALUE");
    assert_eq!(error_of(&app, parked, name.clone()).await[0], "FORBIDDEN");
    for mutation in ["rollBackProjection", "retireProjection"] {
        let kind = mutation[..1].to_uppercase() + &mutation[1..];
        let document = format!(
            "mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
        );
        let told = error_of(&app, &document, json!({"input": name})).await;
        assert_eq!(told[0], "FORBIDDEN");
    }
}

#[tokio::test]
async fn an_administrator_erases_an_account() {
    let app = App::start().await;
    let guest = app.guest().await;
    let id = conversation(&guest, "Secret tea", 1).await;
    let viewer = data_of(&guest, "{ viewer { id } }", json!({})).await;
    let account = viewer["viewer"]["id"].clone();
    let erase = "mutation($id: ID!) { eraseAccount(input: {id: $id}) {
        erasedAccountId userErrors { code field } } }";
    let variables = json!({"id": account});
    assert_eq!(
        error_of(&app, erase, variables.clone()).await[0],
        "FORBIDDEN"
    );
    let told = data_of(&app.administrator(), erase, variables).await;
    assert_eq!(told["eraseAccount"]["erasedAccountId"], account);
    guest
        .get(&format!("/v1/conversations/{id}"))
        .await
        .expect_status(401);
    let nobody = json!({"id": "user_nobody"});
    let told = data_of(&app.administrator(), erase, nobody).await;
    assert_eq!(told["eraseAccount"]["userErrors"][0]["code"], "NOT_FOUND");
}
