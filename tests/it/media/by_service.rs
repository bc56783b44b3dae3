//! A service with a key keeps images for others.

use jan_infra::secret::Secret;
use jan_tests::app::{App, Setup};
use jan_tests::request::{Client, Request};
use serde_json::{Value, json};

use super::{FILES, MEDIA, id_of, keep, path_of, png, upload};

const KEY: &str = "changeme-media-key";

async fn app() -> App {
    let mut setup = Setup::default();
    setup.media.service_key = Some(Secret::new(KEY.to_owned()));
    App::start_with(setup).await
}

fn for_user(user: &str) -> Value {
    let mut body = upload(&png(2, 2, b"tea"));
    body["user_id"] = json!(user);
    body
}

fn by_service(request: Request) -> Request {
    request.header("x-media-service-key", KEY)
}

async fn account(client: &Client) -> String {
    let me = client.get("/auth/me").await.expect_status(200).json();
    me["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_service_keeps_for_an_account_is_the_accounts() {
    let app = app().await;
    let user = account(&app).await;
    let nobody = app.as_nobody();
    let kept = by_service(nobody.post("/media/v1/media", for_user(&user))).await;
    let kept = kept.expect_status(200);
    assert_eq!(kept.header("x-auth-method"), Some("api_key"));
    let kept = kept.json();
    let path = format!("{MEDIA}/{}", id_of(&kept));
    app.get(&path).await.expect_status(200);
    by_service(nobody.get(&path)).await.expect_status(404);
    // The account sends the same, and it is the same.
    assert_eq!(keep(&app, &png(2, 2, b"tea")).await["deduped"], true);
    let told = app.events_of(id_of(&kept)).await;
    let metadata: Value = serde_json::from_str(&told[0].metadata).unwrap();
    assert_eq!(
        (&metadata["owner_id"], &metadata["actor_id"]),
        (&json!(user), &json!("user_media_service"))
    );
    let body = json!({"mime_type": "image/png", "user_id": user});
    let prepared = by_service(nobody.post("/v1/media/prepare-upload", body)).await;
    let prepared = prepared.expect_status(200).json();
    let link = path_of(&prepared["upload_url"]);
    let put = nobody.raw(http::Method::PUT, &link).body(png(1, 1, b""));
    put.await.expect_status(200);
    app.get(&format!("{MEDIA}/{}", id_of(&prepared)))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn what_it_keeps_for_nobody_here_is_its_own() {
    let app = app().await;
    let nobody = app.as_nobody();
    let kept = by_service(nobody.post(MEDIA, for_user("user123"))).await;
    let kept = kept.expect_status(200).json();
    let path = format!("{MEDIA}/{}", id_of(&kept));
    by_service(nobody.get(&path)).await.expect_status(200);
    app.get(&path).await.expect_status(404);
    let ids = json!({"ids": [id_of(&kept)]});
    by_service(nobody.post("/v1/media/resolve", ids))
        .await
        .expect_status(200);
    let unknown = by_service(nobody.post(MEDIA, for_user("user_0"))).await;
    assert_eq!(
        unknown.expect_status(400).json()["error"]["param"],
        "user_id"
    );
}

#[tokio::test]
async fn the_key_opens_nothing_else_and_nothing_without_its_being_set() {
    let app = app().await;
    let nobody = app.as_nobody();
    for path in [FILES, "/v1/models", "/auth/me"] {
        let refused = by_service(nobody.get(path)).await;
        assert_eq!(refused.status(), 401, "{path}");
    }
    for wrong in ["", "changeme", "changeme-media-keyx"] {
        let refused = nobody.get(MEDIA).header("x-media-service-key", wrong).await;
        assert_eq!(refused.status(), 401, "{wrong}");
        // A wrong key is not made good by a token.
        let refused = app.get(MEDIA).header("x-media-service-key", wrong).await;
        assert_eq!(refused.status(), 401, "{wrong}");
    }
    let closed = App::start().await;
    let refused = by_service(closed.as_nobody().get(MEDIA)).await;
    assert_eq!(refused.status(), 401);
    // A caller of its own cannot keep for another.
    let other = app.guest().await;
    let kept = other.post(MEDIA, for_user(&account(&app).await)).await;
    let path = format!("{MEDIA}/{}", id_of(&kept.expect_status(200).json()));
    app.get(&path).await.expect_status(404);
    other.get(&path).await.expect_status(200);
}
