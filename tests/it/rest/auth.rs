//! Getting in, staying in, getting out.

use std::time::Duration;

use http::Method;
use insta::assert_json_snapshot;
use jan_tests::app::{App, Setup};
use jan_tests::request::{Answer, Client};
use serde_json::{Value, json};

use super::kinds_of;

const REFRESH: &str = "/auth/refresh-token";

/// Tokens of a new guest.
pub(super) async fn guest(client: &Client) -> Value {
    let answer = client.as_nobody().raw(Method::POST, "/auth/guest").await;
    answer.expect_status(200).json()
}

pub(super) fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

pub(super) async fn refresh(client: &Client, token: &str) -> Answer {
    client
        .as_nobody()
        .post(REFRESH, json!({"refresh_token": token}))
        .await
}

pub(super) async fn me(client: &Client, access_token: &str) -> Answer {
    client.with_token(access_token).get("/auth/me").await
}

#[tokio::test]
async fn anybody_gets_in_as_a_guest() {
    let app = App::start().await;
    let answer = app
        .as_nobody()
        .raw(Method::POST, "/auth/guest")
        .await
        .expect_status(200);
    assert_json_snapshot!(answer.json(), {
        ".user_id" => "[account]",
        ".principal_id" => "[account]",
        ".username" => "[name]",
        ".access_token" => "[token]",
        ".refresh_token" => "[token]",
        ".expires_at" => "[time]",
    }, @r#"
    {
      "access_token": "[token]",
      "expires_at": "[time]",
      "expires_in": 3600,
      "principal_id": "[account]",
      "refresh_token": "[token]",
      "token_type": "Bearer",
      "user_id": "[account]",
      "username": "[name]"
    }
    "#);
    let tokens = answer.json();
    assert_eq!(tokens["user_id"], tokens["principal_id"]);
    let cookie = answer.header("set-cookie").unwrap();
    let (value, terms) = cookie.split_once("; ").unwrap();
    assert_eq!(
        value,
        format!("refresh_token={}", text(&tokens, "refresh_token"))
    );
    // A month, less what passed while the token was made.
    let month = "Path=/auth; Max-Age=25919";
    assert!(
        terms.starts_with(month) || terms.starts_with("Path=/auth; Max-Age=2592000;"),
        "{terms}"
    );
    assert!(
        terms.ends_with("HttpOnly; Secure; SameSite=Strict"),
        "{terms}"
    );
    let recorded = app.events_of(text(&tokens, "user_id")).await;
    let kinds = ["AccountGuestCreated", "AccountSessionOpened"];
    assert_eq!(kinds_of(&recorded), kinds);
    let secret = text(&tokens, "refresh_token");
    let told = recorded.iter().any(|event| event.payload.contains(secret));
    assert!(!told, "the token is on record");
    me(&app, text(&tokens, "access_token"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn jans_older_name_of_the_same_answers_201() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let tokens = nobody
        .post("/auth/guest-login", json!({}))
        .await
        .expect_status(201)
        .json();
    me(&app, text(&tokens, "access_token"))
        .await
        .expect_status(200);
    nobody
        .raw(Method::POST, "/auth/guest-login")
        .body("not json")
        .await
        .expect_status(201);
}

#[tokio::test]
async fn guests_can_be_kept_out() {
    let app = App::start().await;
    let mut setup = Setup::default();
    setup.auth.guests = false;
    let closed = app.second_node_with(setup).await;
    let before = app.events().await.len();
    for path in ["/auth/guest", "/auth/guest-login"] {
        let refused = closed
            .as_nobody()
            .raw(Method::POST, path)
            .await
            .expect_status(403);
        assert_eq!(refused.json()["error"]["code"], "forbidden");
    }
    assert_eq!(app.events().await.len(), before);
}

#[tokio::test]
async fn the_caller_is_told_who_they_are() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let answer = me(&app, text(&tokens, "access_token"))
        .await
        .expect_status(200);
    let who = answer.json();
    assert_eq!(who["id"], tokens["user_id"]);
    assert_eq!(who["username"], tokens["username"]);
    assert_eq!(answer.header("x-auth-method"), Some("jwt"));
    assert_eq!(answer.header("x-principal-id"), tokens["user_id"].as_str());
    assert_json_snapshot!(who, {
        ".id" => "[account]",
        ".subject" => "[account]",
        ".username" => "[name]",
        ".created_at" => "[time]",
    }, @r#"
    {
      "auth_method": "jwt",
      "created_at": "[time]",
      "id": "[account]",
      "kind": "guest",
      "subject": "[account]",
      "username": "[name]"
    }
    "#);
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_new_tokens_however_it_comes() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let mut tokens = guest(&app).await;
    for method in [Method::POST, Method::GET] {
        for way in ["body", "cookie", "bearer"] {
            let old = text(&tokens, "refresh_token").to_owned();
            let asked = nobody.raw(method.clone(), REFRESH);
            let asked = match way {
                "body" => asked.json(&json!({"refresh_token": old})),
                "cookie" => asked.header("cookie", &format!("a=b; refresh_token={old}; c=d")),
                _ => asked.header("authorization", &format!("Bearer {old}")),
            };
            let answer = asked.await.expect_status(200);
            let new = answer.json();
            assert_ne!(
                new["refresh_token"], tokens["refresh_token"],
                "{method} {way}"
            );
            assert_eq!(new["user_id"], tokens["user_id"], "{method} {way}");
            let cookie = answer.header("set-cookie").unwrap();
            assert!(
                cookie.contains(text(&new, "refresh_token")),
                "{method} {way}"
            );
            me(&app, text(&new, "access_token"))
                .await
                .expect_status(200);
            tokens = new;
        }
    }
}

#[tokio::test]
async fn what_is_empty_hides_no_refresh_token() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let asked = app
        .as_nobody()
        .post(REFRESH, json!({"refresh_token": ""}))
        .header("cookie", "refresh_token=; refresh_token= ")
        .header(
            "authorization",
            &format!("bearer {}", text(&tokens, "refresh_token")),
        );
    asked.await.expect_status(200);
}

#[tokio::test]
async fn strangers_are_not_listened_to_for_long() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let padded = |bytes: usize| format!("{}{}", " ".repeat(bytes - 2), "{}");
    let heard = nobody.raw(Method::POST, REFRESH).body(padded(16 * 1024));
    let heard = heard.await.expect_status(400);
    assert_eq!(heard.json()["error"]["param"], "refresh_token");
    let cut = nobody
        .raw(Method::POST, REFRESH)
        .body(padded(16 * 1024 + 1));
    let cut = cut.await.expect_status(413);
    assert_eq!(cut.json()["error"]["code"], "request_too_large");
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_session() {
    let app = App::start().await;
    let first = guest(&app).await;
    let second = refresh(&app, text(&first, "refresh_token"))
        .await
        .expect_status(200)
        .json();
    me(&app, text(&second, "access_token"))
        .await
        .expect_status(200);
    let refused = refresh(&app, text(&first, "refresh_token"))
        .await
        .expect_status(401);
    assert_eq!(refused.json()["error"]["code"], "invalid_refresh_token");
    // Whoever stole it, or was stolen from: both are out.
    refresh(&app, text(&second, "refresh_token"))
        .await
        .expect_status(401);
    app.settle().await;
    for tokens in [&first, &second] {
        me(&app, text(tokens, "access_token"))
            .await
            .expect_status(401);
    }
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let other = guest(&app).await;
    let real = text(&tokens, "refresh_token");
    let (head, _) = real.rsplit_once('.').unwrap();
    let (_, secret) = text(&other, "refresh_token").rsplit_once('.').unwrap();
    let grafted = format!("{head}.{secret}");
    let before = app.events().await.len();
    for bad in [
        "x",
        "jrt_",
        "jrt_a.b.c",
        text(&tokens, "access_token"),
        &real[..real.len() - 1],
    ] {
        refresh(&app, bad).await.expect_status(401);
    }
    assert_eq!(app.events().await.len(), before);
    let missing = app
        .as_nobody()
        .post(REFRESH, json!({}))
        .await
        .expect_status(400);
    assert_eq!(missing.json()["error"]["param"], "refresh_token");
    let typed = app
        .as_nobody()
        .post(REFRESH, json!({"refresh_token": 5}))
        .await
        .expect_status(400);
    assert_eq!(typed.json()["error"]["param"], "refresh_token");
    refresh(&app, &grafted).await.expect_status(401);
}

#[tokio::test]
async fn of_two_exchanges_at_once_one_wins() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let token = text(&tokens, "refresh_token");
    let all = futures::future::join_all((0..4).map(|_| refresh(&app, token))).await;
    let won = all.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(
        won,
        1,
        "{:?}",
        all.iter().map(Answer::status).collect::<Vec<_>>()
    );
    assert!(
        all.iter()
            .all(|answer| matches!(answer.status(), 200 | 401))
    );
}

#[tokio::test]
async fn who_leaves_is_out_at_once() {
    let app = App::start().await;
    for method in [Method::POST, Method::GET] {
        let tokens = guest(&app).await;
        let client = app.with_token(text(&tokens, "access_token"));
        client.get("/v1/models").await.expect_status(200);
        let left = client.raw(method, "/auth/logout").await.expect_status(200);
        assert_eq!(left.json(), json!({"status": "logged out"}));
        assert!(
            left.header("set-cookie")
                .unwrap()
                .starts_with("refresh_token=; Path=/auth; Max-Age=0")
        );
        for _ in 0..3 {
            client.get("/v1/models").await.expect_status(401);
        }
        refresh(&app, text(&tokens, "refresh_token"))
            .await
            .expect_status(401);
    }
}

#[tokio::test]
async fn who_has_only_a_refresh_token_can_leave_too() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let client = app.with_token(text(&tokens, "access_token"));
    client.get("/v1/models").await.expect_status(200);
    let cookie = format!("refresh_token={}", text(&tokens, "refresh_token"));
    let nobody = app.as_nobody();
    nobody
        .raw(Method::POST, "/auth/logout")
        .header("cookie", &cookie)
        .await
        .expect_status(200);
    client.get("/v1/models").await.expect_status(401);
    refresh(&app, text(&tokens, "refresh_token"))
        .await
        .expect_status(401);
    // Leaving twice, or without ever having come, is no mistake.
    nobody
        .raw(Method::POST, "/auth/logout")
        .header("cookie", &cookie)
        .await
        .expect_status(200);
    nobody
        .raw(Method::GET, "/auth/logout")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn who_could_not_be_checked_is_not_told_that_they_left() {
    let app = App::start().await;
    let tokens = guest(&app).await;
    let client = app.with_token(text(&tokens, "access_token"));
    let rename = |from: &str, to: &str| {
        let sql = format!("alter table {from} rename to {to}");
        let pool = app.pool().clone();
        async move { sqlx::query(&sql).execute(&pool).await.unwrap() }
    };
    app.settle().await;
    rename("closed_sessions", "away").await;
    let refused = client.raw(Method::POST, "/auth/logout").await;
    rename("away", "closed_sessions").await;
    let refused = refused.expect_status(503);
    assert_eq!(refused.header("set-cookie"), None);
    client.get("/v1/models").await.expect_status(200);
    client
        .raw(Method::POST, "/auth/logout")
        .await
        .expect_status(200);
    client.get("/v1/models").await.expect_status(401);
}

#[tokio::test]
async fn who_leaves_is_soon_out_on_every_node() {
    let app = App::start().await;
    let second = app.second_node().await;
    let tokens = guest(&app).await;
    let there = second.with_token(text(&tokens, "access_token"));
    there.get("/v1/models").await.expect_status(200);
    app.with_token(text(&tokens, "access_token"))
        .raw(Method::POST, "/auth/logout")
        .await
        .expect_status(200);
    let out = tokio::time::timeout(Duration::from_secs(7), async {
        while there.get("/v1/models").await.status() != 401 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    out.await
        .expect("a closed session is believed for too long");
}
