//! The API document: what it says, and that the server does as it says.

use std::collections::BTreeSet;

use http::Method;
use jan_tests::app::{App, Setup};
use serde_json::{Value, json};

/// Operations that need no credentials.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-protected-resource/mcp",
    "GET /.well-known/oauth-protected-resource/v1/mcp",
    "GET /auth/logout",
    "GET /auth/refresh-token",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "GET /v1/mcp/authorizations/callback",
    "GET /v1/mcp/client",
    "GET /v1/media/links/{token}",
    "GET /v1/version",
    "POST /auth/guest",
    "POST /auth/guest-login",
    "POST /auth/logout",
    "POST /auth/refresh-token",
    "POST /v1/mcp/authorizations/callback",
    "PUT /v1/media/links/{token}",
];

/// One documented operation.
struct Operation {
    method: Method,
    path: String,
    described: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with well-formed ids of nothing.
    fn somewhere(&self) -> String {
        let nothing = "0".repeat(32);
        self.path
            .replace("{conversation_id}", &format!("conv_{nothing}"))
            .replace("{account_id}", &format!("user_{nothing}"))
            .replace("{media_id}", &format!("jan_{nothing}"))
            .replace("{file_id}", &format!("jan_{nothing}"))
            .replace("{token}", &nothing)
            .replace("{document}", &format!("doc_{nothing}"))
            .replace("{item_id}", &format!("msg_{nothing}"))
            .replace("{completion_id}", &format!("chatcmpl-{nothing}"))
            .replace("{response_id}", &format!("resp_{nothing}"))
            .replace("{stream_type}", "conversation")
            .replace("{stream_id}", &format!("conv_{nothing}"))
            .replace("{position}", "0")
            .replace("{model}", "nobody")
            .replace("{projection}", "usage")
            .replace("{label}", "nobody")
            .replace("{credential_id}", &format!("grant_{nothing}"))
    }
}

async fn document(app: &App) -> Value {
    app.as_nobody()
        .get("/openapi.json")
        .await
        .expect_status(200)
        .json()
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                described: described.clone(),
            });
        }
    }
    operations
}

#[tokio::test]
async fn the_document_is_the_one_we_mean_to_publish() {
    let app = App::start().await;
    insta::assert_json_snapshot!(document(&app).await);
}

#[tokio::test]
async fn every_operation_has_a_name_a_tag_words_and_an_answer() {
    let app = App::start().await;
    let operations = operations(&document(&app).await);
    let mut names = BTreeSet::new();
    for operation in &operations {
        let (name, described) = (operation.name(), &operation.described);
        let id = described["operationId"].as_str().unwrap();
        assert!(names.insert(id.to_owned()), "{name}: {id} is taken");
        assert!(described["tags"][0].is_string(), "{name} has no tag");
        assert!(described["summary"].is_string(), "{name} has no words");
        let statuses: Vec<_> = described["responses"].as_object().unwrap().keys().collect();
        assert!(
            statuses.iter().any(|status| status.starts_with('2')),
            "{name}: {statuses:?}"
        );
    }
    assert!(operations.len() > 25, "the document is not whole");
}

#[tokio::test]
async fn an_operation_says_whether_it_needs_credentials_and_where_its_parameters_are() {
    let app = App::start().await;
    let document = document(&app).await;
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    for operation in operations(&document) {
        let (name, described) = (operation.name(), &operation.described);
        let guarded = described["security"] == json!([{"bearer": []}]);
        assert_eq!(guarded, !PUBLIC.contains(&name.as_str()), "{name}");
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            let marked = format!("{{{}}}", parameter["name"].as_str().unwrap());
            let place = if operation.path.contains(&marked) {
                "path"
            } else {
                "query"
            };
            assert_eq!(parameter["in"], place, "{name}: {parameter}");
            assert_eq!(
                parameter["required"],
                place == "path",
                "{name}: {parameter}"
            );
        }
        for response in described["responses"].as_object().unwrap().values() {
            let told = response.get("description").or(response.get("$ref"));
            assert!(told.is_some_and(Value::is_string), "{name}: {response}");
        }
    }
}

#[tokio::test]
async fn without_credentials_only_the_public_routes_answer() {
    let mut setup = Setup::default();
    setup.mcp.open = Some(false);
    let app = App::start_with(setup).await;
    let before = app.events().await.len();
    for operation in operations(&document(&app).await) {
        let name = operation.name();
        if PUBLIC.contains(&name.as_str()) {
            continue;
        }
        for prefix in ["", "/llm"] {
            let path = format!("{prefix}{}", operation.somewhere());
            let refused = app.as_nobody().raw(operation.method.clone(), &path);
            let refused = refused.json(&json!({"anything": 1})).await;
            assert_eq!(refused.status(), 401, "{name}: {}", refused.text());
            let challenge = refused.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{name}: {challenge}");
            // Whoever is not let in costs nobody a read of the body.
            let broken = app
                .as_nobody()
                .raw(operation.method.clone(), &path)
                .body("{")
                .await;
            assert_eq!(broken.status(), 401, "{name}");
        }
    }
    assert_eq!(app.events().await.len(), before);
}

#[tokio::test]
async fn every_documented_route_leads_somewhere() {
    let app = App::start().await;
    let operations = operations(&document(&app).await);
    let named: BTreeSet<_> = operations.iter().map(Operation::name).collect();
    for public in PUBLIC {
        assert!(named.contains(*public), "{public} is not documented");
    }
    for operation in &operations {
        let name = operation.name();
        let path = operation.somewhere();
        assert!(
            !path.contains('{'),
            "{name}: its parameter is not known here"
        );
        let answer = app
            .guest()
            .await
            .raw(operation.method.clone(), &path)
            .json(&json!({}))
            .await;
        let told = answer.text();
        assert!(answer.status() < 500, "{name}: {told}");
        assert_ne!(answer.status(), 405, "{name}: {told}");
        assert!(!told.contains("unknown_url"), "{name}: {told}");
        let public = PUBLIC.contains(&name.as_str());
        assert!(public || answer.status() != 401, "{name}: {told}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_documented_is_not_allowed() {
    let app = App::start().await;
    let operations = operations(&document(&app).await);
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    for operation in &operations {
        let path = operation.somewhere();
        for method in methods {
            let documented = operations
                .iter()
                .any(|other| other.path == operation.path && other.method == method);
            if documented {
                continue;
            }
            let refused = app
                .raw(method.parse().unwrap(), &path)
                .json(&json!({}))
                .await;
            assert_eq!(refused.status(), 405, "{method} {path}: {}", refused.text());
            assert_eq!(refused.json()["error"]["code"], "method_not_allowed");
            assert!(
                refused.header("allow").is_some(),
                "{method} {path} does not say what is"
            );
        }
    }
}
