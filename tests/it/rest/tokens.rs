//! Access tokens: who can check them, and what is none.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jan_tests::app::{App, Setup};
use jan_tests::given::chat;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::CHAT;
use super::auth::{guest, me, refresh, text};

#[tokio::test]
async fn anybody_can_check_our_tokens_with_the_published_key() {
    let app = App::start().await;
    let keys = app
        .as_nobody()
        .get("/.well-known/jwks.json")
        .await
        .expect_status(200);
    let keys: JwkSet = serde_json::from_value(keys.json()).unwrap();
    assert_eq!(keys.keys.len(), 1);
    let header = jsonwebtoken::decode_header(app.token()).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["jan-server"]);
    validation.set_issuer(&["http://127.0.0.1:8000"]);
    let key = DecodingKey::from_jwk(key).unwrap();
    let claims: jsonwebtoken::TokenData<BTreeMap<String, Value>> =
        jsonwebtoken::decode(app.token(), &key, &validation).unwrap();
    let who = app.get("/auth/me").await.json();
    assert_eq!(claims.claims["sub"], who["id"]);
}

#[tokio::test]
async fn a_token_that_was_touched_is_refused() {
    let app = App::start().await;
    let stranger = App::start().await;
    let real = app.token();
    let parts: Vec<&str> = real.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("three parts")
    };
    let changed = |part: &str, from: &str, to: &str| {
        let json = String::from_utf8(BASE64.decode(part).unwrap()).unwrap();
        assert!(json.contains(from), "{json}");
        BASE64.encode(json.replace(from, to))
    };
    let admin = changed(claims, "guest", "admin");
    let unsigned = BASE64.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let flipped = format!("{other}{}", &signature[1..]);
    let forged = [
        format!("{header}.{admin}.{signature}"),
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{admin}.{signature}"),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{real}.{signature}"),
        stranger.token().to_owned(),
        "x".repeat(9000),
        "a.b.c".to_owned(),
        String::new(),
    ];
    let before = app.events().await.len();
    for token in forged {
        let refused = app.with_token(&token).post(CHAT, chat("hi")).await;
        assert_eq!(refused.status(), 401, "{token}");
        assert_eq!(
            refused.json()["error"]["code"],
            "invalid_api_key",
            "{token}"
        );
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer"),
            "{token}"
        );
        assert_eq!(refused.header("x-principal-id"), None);
    }
    assert_eq!(app.events().await.len(), before);
    assert_eq!(app.model().requests().len(), 0);
}

#[tokio::test]
async fn credentials_are_one_bearer_token() {
    let app = App::start().await;
    let asked = |credentials: &[&str]| {
        let request = app.as_nobody().get("/v1/models");
        credentials
            .iter()
            .fold(request, |request, one| request.header("authorization", one))
    };
    let token = app.token();
    let bearer = format!("Bearer {token}");
    for accepted in [
        bearer.clone(),
        format!("bearer {token}"),
        format!("BEARER  {token} "),
    ] {
        asked(&[&accepted]).await.expect_status(200);
    }
    let basic = format!("Basic {token}");
    for refused in [
        vec![],
        vec![token],
        vec![&basic],
        vec!["Bearer"],
        vec!["Bearer "],
        vec![&bearer, &bearer],
    ] {
        asked(&refused).await.expect_status(401);
    }
    let in_query = app
        .as_nobody()
        .get(&format!("/v1/models?access_token={token}"));
    in_query.await.expect_status(401);
    // What Jan's gateway once told, anybody can say.
    let told = app
        .as_nobody()
        .get("/v1/models")
        .header("x-consumer-id", "admin");
    told.await.expect_status(401);
}

#[tokio::test]
async fn a_token_dies_when_its_time_is_over() {
    let mut setup = Setup::default();
    // Whole seconds are signed, so up to one of them is lost.
    setup.auth.access_token_ttl = Duration::from_secs(3);
    let app = App::start_with(setup).await;
    let tokens = guest(&app).await;
    let client = app.with_token(text(&tokens, "access_token"));
    client.get("/v1/models").await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    client.get("/v1/models").await.expect_status(401);
    let new = refresh(&app, text(&tokens, "refresh_token"))
        .await
        .expect_status(200)
        .json();
    me(&app, text(&new, "access_token"))
        .await
        .expect_status(200);
}
