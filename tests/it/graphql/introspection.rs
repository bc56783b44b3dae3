//! Who is shown the schema.

use jan_infra::config::{GraphqlSettings, ServerSettings};
use jan_tests::app::{App, Setup};
use serde_json::json;

use super::{ask, data_of, error_of};

/// As `graphql-js` asks for it, types of types included.
const WHOLE: &str = "query IntrospectionQuery { __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType } directives { name description locations args { ...InputValue } } } }
fragment FullType on __Type { kind name description
    fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef }
        isDeprecated deprecationReason }
    inputFields { ...InputValue } interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name } } } } } } } } } }";

#[test]
fn the_schema_is_the_one_we_mean_to_publish() {
    insta::assert_snapshot!(jan_api::graphql_schema());
}

#[test]
fn everything_in_it_is_described() {
    let (mut described, mut in_arguments, mut in_text) = (false, false, false);
    for line in jan_api::graphql_schema().lines() {
        let line = line.trim();
        if line == "\"\"\"" {
            in_text = !in_text;
            described = true;
        }
        if in_text {
            continue;
        }
        let is_text = line.starts_with('"');
        let argument = line.starts_with(')') || in_arguments;
        in_arguments = line.ends_with('(') || in_arguments && !line.starts_with(')');
        let named = line.ends_with('{') || line.contains(": ") || line.starts_with("scalar");
        let names = named && !argument;
        // What the library makes has words of its own, or none.
        let made = [
            "Connection {",
            "scalar DateTime",
            "scalar NaiveDate",
            "schema {",
            "query:",
            "mutation:",
            "subscription:",
            "directive",
        ];
        let made = made.iter().any(|made| line.contains(made));
        assert!(
            is_text || !names || described || made,
            "{line} has no words"
        );
        described = is_text || described && !names;
    }
}

#[tokio::test]
async fn on_loopback_everybody_is_shown_the_schema() {
    let app = App::start().await;
    let told = data_of(&app, WHOLE, json!({})).await;
    let types = told["__schema"]["types"].as_array().unwrap();
    assert!(types.iter().any(|kind| kind["name"] == "Conversation"));
}

#[tokio::test]
async fn elsewhere_guests_are_not() {
    let server = ServerSettings {
        bind: "0.0.0.0".parse().unwrap(),
        ..ServerSettings::default()
    };
    let app = App::start_with(Setup {
        server,
        ..Setup::default()
    })
    .await;
    for asks in [
        WHOLE,
        "{ __type(name: \"Query\") { name } }",
        "{ models { id } ...F } fragment F on Query { __schema { queryType { name } } }",
    ] {
        assert_eq!(
            error_of(&app, asks, json!({})).await[0],
            "INTROSPECTION_OFF",
            "{asks}"
        );
        data_of(&app.administrator(), asks, json!({})).await;
    }
    data_of(&app, "{ __typename models { __typename } }", json!({})).await;
    // A name that is nearly right is not told either.
    let told = ask(&app, "{ conversatio(id: \"x\") { id } }", &json!({}))
        .await
        .json();
    assert!(!told.to_string().contains("conversations"), "{told}");
}

#[tokio::test]
async fn the_operator_can_keep_it_to_administrators() {
    let graphql = GraphqlSettings {
        introspection: Some(false),
    };
    let app = App::start_with(Setup {
        graphql,
        ..Setup::default()
    })
    .await;
    assert_eq!(
        error_of(&app, WHOLE, json!({})).await[0],
        "INTROSPECTION_OFF"
    );
    data_of(&app.administrator(), WHOLE, json!({})).await;
}
