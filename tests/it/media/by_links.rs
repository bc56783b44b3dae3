//! Sending and reading without a token, by a link.

use http::Method;
use jan_tests::app::{App, Setup};
use jan_tests::request::Client;
use serde_json::{Value, json};
use std::time::Duration;

use super::{MEDIA, id_of, keep, path_of, png};

async fn prepare(client: &Client) -> Value {
    let body = json!({"mime_type": "image/png"});
    let prepared = client.post("/v1/media/prepare-upload", body).await;
    prepared.expect_status(200).json()
}

#[tokio::test]
async fn an_image_is_sent_by_whoever_has_the_link_and_belongs_to_whoever_asked_for_it() {
    let app = App::start().await;
    let prepared = prepare(&app).await;
    assert_eq!(
        (&prepared["mime_type"], &prepared["expires_in"]),
        (&json!("image/png"), &json!(300))
    );
    let path = format!("{MEDIA}/{}", id_of(&prepared));
    app.get(&path).await.expect_status(404);
    let link = path_of(&prepared["upload_url"]);
    let bytes = png(2, 2, b"sent");
    let put = |bytes: Vec<u8>| app.as_nobody().raw(Method::PUT, &link).body(bytes);
    let sent = put(bytes.clone()).await.expect_status(200).json();
    assert_eq!(sent["id"], prepared["id"]);
    assert_eq!(app.get(&path).await.expect_status(200).bytes(), &bytes);
    // The same again is no news; other bytes do not take their place.
    put(bytes.clone()).await.expect_status(200);
    put(png(2, 2, b"else")).await.expect_status(409);
    assert_eq!(super::objects(&app), 1);
    assert_eq!(app.get(&path).await.expect_status(200).bytes(), &bytes);
    app.guest().await.get(&path).await.expect_status(404);
}

#[tokio::test]
async fn what_is_sent_by_a_link_is_looked_at() {
    let app = App::start().await;
    let prepared = prepare(&app).await;
    let link = path_of(&prepared["upload_url"]);
    for (bytes, status) in [
        (Vec::new(), 400),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 415),
        (png(100_000, 100_000, b""), 400),
    ] {
        let put = app.as_nobody().raw(Method::PUT, &link).body(bytes);
        put.await.expect_status(status);
    }
    app.as_nobody().get(&link).await.expect_status(404);
    let refused = app
        .post(
            "/v1/media/prepare-upload",
            json!({"mime_type": "image/svg+xml"}),
        )
        .await
        .expect_status(415)
        .json();
    assert_eq!(
        refused["error"]["message"],
        "unsupported mime type image/svg+xml"
    );
}

#[tokio::test]
async fn a_link_is_good_for_one_thing_one_image_and_a_while() {
    let mut setup = Setup::default();
    setup.media.link_ttl = Duration::from_secs(5);
    let app = App::start_with(setup).await;
    let kept = keep(&app, &png(1, 1, b"")).await;
    let read = path_of(&kept["presigned_url"]);
    let nobody = app.as_nobody();
    nobody.get(&read).await.expect_status(200);
    let put = nobody.raw(Method::PUT, &read).body(png(1, 1, b"x"));
    put.await.expect_status(404);
    for at in [10, read.len() / 2, read.len() - 1] {
        let mut other = read.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(nobody.get(&other).await.status(), 404, "{at}");
    }
    let prepared = prepare(&app).await;
    let late = path_of(&prepared["upload_url"]);
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    nobody.get(&read).await.expect_status(404);
    let put = nobody.raw(Method::PUT, &late).body(png(1, 1, b"x"));
    put.await.expect_status(404);
}

#[tokio::test]
async fn a_link_to_what_was_deleted_leads_nowhere() {
    let app = App::start().await;
    let kept = keep(&app, &png(1, 1, b"")).await;
    let read = path_of(&kept["presigned_url"]);
    app.delete(&format!("{MEDIA}/{}", id_of(&kept)))
        .await
        .expect_status(200);
    app.as_nobody().get(&read).await.expect_status(404);
    let prepared = prepare(&app).await;
    let link = path_of(&prepared["upload_url"]);
    let put = || {
        app.as_nobody()
            .raw(Method::PUT, &link)
            .body(png(1, 1, b"x"))
    };
    put().await.expect_status(200);
    app.delete(&format!("{MEDIA}/{}", id_of(&prepared)))
        .await
        .expect_status(200);
    put().await.expect_status(404);
    assert_eq!(super::objects(&app), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_knows_the_links_of_the_others() {
    let app = App::start().await;
    let second = app.second_node().await;
    let bytes = png(1, 1, b"");
    let kept = keep(&app, &bytes).await;
    let read = second
        .as_nobody()
        .get(&path_of(&kept["presigned_url"]))
        .await;
    assert_eq!(read.expect_status(200).bytes(), &bytes);
}
