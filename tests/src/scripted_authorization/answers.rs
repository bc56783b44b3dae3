use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Bytes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::office::{Given, Office};

type Shared = State<Arc<Office>>;
type Pairs = HashMap<String, String>;

pub(super) async fn resource(State(office): Shared) -> Json<Value> {
    let script = &office.script;
    let usual = || format!("{}/mcp", office.base);
    Json(json!({
        "resource": script.resource.clone().unwrap_or_else(usual),
        "authorization_servers": [script.authorization_server.as_ref().unwrap_or(&office.base)],
        "scopes_supported": ["tools"],
    }))
}

pub(super) async fn metadata(State(office): Shared) -> Json<Value> {
    let base = &office.base;
    let mut told = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
    });
    if office.script.registers {
        told["registration_endpoint"] = json!(format!("{base}/register"));
    }
    Json(told)
}

pub(super) async fn register(body: Bytes) -> Response {
    let wish: Value = serde_json::from_slice(&body).unwrap_or_default();
    let client = json!({
        "client_id": "registered-client",
        "redirect_uris": wish["redirect_uris"],
        "token_endpoint_auth_method": "none",
    });
    (StatusCode::CREATED, Json(client)).into_response()
}

/// The person agrees at once.
pub(super) async fn authorize(State(office): Shared, Query(asked): Query<Pairs>) -> Response {
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let right = of("response_type") == "code"
        && of("code_challenge_method") == "S256"
        && of("resource").starts_with(&office.base);
    let Ok(mut back) = reqwest::Url::parse(&of("redirect_uri")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !right {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let code = office.code(of("code_challenge"), of("client_id"), of("scope"));
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &of("state"))
        .append_pair("iss", &office.issuer());
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

pub(super) async fn token(State(office): Shared, Form(form): Form<Pairs>) -> Response {
    office.note(&form);
    let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let given = match of("grant_type") {
        "authorization_code" => office.take_code(of("code")).and_then(|known| {
            let (challenge, client, scope) = known;
            let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
            let right = proof == challenge && client == of("client_id");
            right.then(|| office.give(Some(&client), &scope))
        }),
        "refresh_token" => office.take_refresh(of("refresh_token")).and_then(|known| {
            let (client, scope) = known;
            (client == of("client_id")).then(|| office.give(Some(&client), &scope))
        }),
        "client_credentials" => {
            let right = of("client_id") == "service" && of("client_secret") == "service-secret";
            right.then(|| office.give(None, of("scope")))
        }
        _ => None,
    };
    let refused = || {
        let refused = json!({"error": "invalid_grant"});
        (StatusCode::BAD_REQUEST, Json(refused)).into_response()
    };
    given.map_or_else(refused, |given| Json(told(&office, &given)).into_response())
}

fn told(office: &Office, given: &Given) -> Value {
    let mut told = json!({
        "access_token": given.access,
        "token_type": "Bearer",
        "expires_in": office.script.lives,
        "scope": given.scope,
    });
    if let Some(refresh) = &given.refresh {
        told["refresh_token"] = json!(refresh);
    }
    told
}
