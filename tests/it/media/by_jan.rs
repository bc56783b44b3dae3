//! Jan's own routes.

use std::time::Duration;

use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::SearchSettings;
use jan_tests::app::{App, Setup};
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::{Value, json};

use super::{MEDIA, data_url, id_of, keep, path_of, png, upload};

#[tokio::test]
async fn an_image_is_kept_under_an_id_and_read_again() {
    let app = App::start().await;
    let bytes = png(640, 480, b"tea");
    let kept = keep(&app, &bytes).await;
    let id = id_of(&kept);
    assert!(id.starts_with("jan_") && id.len() == 30, "{id}");
    assert_eq!(
        (&kept["mime"], &kept["bytes"], &kept["deduped"]),
        (&json!("image/png"), &json!(bytes.len()), &json!(false))
    );
    let read = app.get(&format!("{MEDIA}/{id}")).await.expect_status(200);
    assert_eq!(read.bytes(), &bytes);
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", "inline; filename*=UTF-8''tea.png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(read.header(name), Some(value), "{name}");
    }
    let tag = read.header("etag").unwrap();
    let again = app.get(&format!("{MEDIA}/{id}"));
    again.header("if-none-match", tag).await.expect_status(304);
    let events = app.events_of(id).await;
    let names: Vec<_> = events.iter().map(|event| &event.event_type).collect();
    assert_eq!(names, ["MediaUploadPrepared", "MediaStored"]);
}

#[tokio::test]
async fn the_same_image_again_has_the_same_id_and_another_owners_has_another() {
    let app = App::start().await;
    let bytes = png(1, 1, b"same");
    let first = keep(&app, &bytes).await;
    let again = keep(&app, &bytes).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["deduped"], true);
    let other = app.guest().await;
    let theirs = keep(&other, &bytes).await;
    assert_ne!(first["id"], theirs["id"]);
    assert_eq!(theirs["deduped"], false);
    let path = format!("{MEDIA}/{}", id_of(&first));
    other.get(&path).await.expect_status(404);
    other.delete(&path).await.expect_status(404);
    app.get(&path).await.expect_status(200);
}

#[tokio::test]
async fn every_spelling_of_a_source_is_understood_under_every_prefix() {
    let app = App::start().await;
    for kind in ["data_url", "datauri", "dataurl"] {
        for path in [MEDIA, "/media/v1/media"] {
            let url = data_url(&png(1, 1, b""));
            let body = json!({"source": {"type": kind, "data_url": url}, "user_id": "user123"});
            app.post(path, body).await.expect_status(200);
        }
    }
}

#[tokio::test]
async fn images_are_listed_last_first_and_deleted_for_good() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for tail in [b"1", b"2", b"3"] {
        ids.push(id_of(&keep(&app, &png(3, 4, tail)).await).to_owned());
    }
    let listed = app.get(MEDIA).await.expect_status(200).json();
    let data = listed["data"].as_array().unwrap();
    let named: Vec<_> = data.iter().map(id_of).collect();
    assert_eq!(named, [&ids[2], &ids[1], &ids[0]].map(String::as_str));
    assert_eq!(
        (&data[0]["width"], &data[0]["height"], &data[0]["filename"]),
        (&json!(3), &json!(4), &json!("tea.png"))
    );
    assert!(data[0]["expires_at"].is_string());
    let page = app.get(&format!("{MEDIA}?limit=1&after={}", ids[2])).await;
    let page = page.expect_status(200).json();
    assert_eq!(
        (id_of(&page["data"][0]), &page["has_more"]),
        (&*ids[1], &json!(true))
    );

    let path = format!("{MEDIA}/{}", ids[1]);
    let deleted = app.delete(&path).await.expect_status(200).json();
    assert_eq!(
        deleted,
        json!({"id": ids[1], "object": "media.deleted", "deleted": true})
    );
    app.get(&path).await.expect_status(404);
    app.delete(&path).await.expect_status(404);
    let left = app.get(MEDIA).await.expect_status(200).json();
    assert_eq!(left["data"].as_array().unwrap().len(), 2);
    assert_eq!(super::objects(&app), 2);
}

#[tokio::test]
async fn what_was_deleted_can_be_kept_again() {
    let app = App::start().await;
    let bytes = png(1, 1, b"back");
    let first = keep(&app, &bytes).await;
    let path = format!("{MEDIA}/{}", id_of(&first));
    app.delete(&path).await.expect_status(200);
    let second = keep(&app, &bytes).await;
    assert_eq!(
        (&first["id"], &second["deduped"]),
        (&second["id"], &json!(false))
    );
    let read = app.get(&path).await.expect_status(200);
    assert_eq!(read.bytes(), &bytes);
}

#[tokio::test]
async fn references_become_addresses_that_anybody_can_read_for_a_while() {
    let app = App::start().await;
    let bytes = png(1, 1, b"");
    let kept = keep(&app, &bytes).await;
    let id = id_of(&kept);
    let payload = json!({"a": [format!("data:image/png;{id}"), 7, {"b": format!("see data:image/x;{id}!")}], "id": id});
    let told = app
        .post("/v1/media/resolve", json!({"payload": payload}))
        .await;
    let told = told.expect_status(200).json();
    let url = &told["payload"]["a"][0];
    assert_eq!(
        told["payload"]["a"][2]["b"],
        format!("see {}!", url.as_str().unwrap())
    );
    assert_eq!(told["payload"]["id"], id);
    let read = app.as_nobody().get(&path_of(url)).await.expect_status(200);
    assert_eq!(read.bytes(), &bytes);
    assert_eq!(
        read.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    assert_eq!(read.header("referrer-policy"), Some("no-referrer"));

    let told = app.post("/v1/media/resolve", json!({"ids": [id]})).await;
    let told = told.expect_status(200).json();
    assert_eq!(
        (&told["media"][0]["id"], &told["media"][0]["expires_in"]),
        (&json!(id), &json!(300))
    );
    let read = app
        .as_nobody()
        .get(&path_of(&told["media"][0]["url"]))
        .await;
    assert_eq!(read.expect_status(200).bytes(), &bytes);

    // What is not one's own is not there.
    let other = app.guest().await;
    for body in [
        json!({"ids": [id]}),
        json!({"payload": format!("data:image/png;{id}")}),
    ] {
        let refused = other.post("/v1/media/resolve", body).await;
        let refused = refused.expect_status(400).json();
        assert!(refused["error"]["message"].as_str().unwrap().contains(id));
    }
}

#[tokio::test]
async fn a_server_may_answer_with_addresses_only() {
    let mut setup = Setup::default();
    setup.media.proxy_download = false;
    let app = App::start_with(setup).await;
    let bytes = png(1, 1, b"");
    let kept = keep(&app, &bytes).await;
    let told = app.get(&format!("{MEDIA}/{}", id_of(&kept))).await;
    let told = told.expect_status(200).json();
    let read = app.as_nobody().get(&path_of(&told["url"])).await;
    assert_eq!(read.expect_status(200).bytes(), &bytes);
    let read = app.as_nobody().get(&path_of(&kept["presigned_url"])).await;
    assert_eq!(read.expect_status(200).bytes(), &bytes);
}

#[tokio::test]
async fn an_upload_repeated_under_its_key_is_answered_once() {
    let app = App::start().await;
    let send = || {
        app.post(MEDIA, upload(&png(1, 1, b"")))
            .header("idempotency-key", "once")
    };
    let first = send().await.expect_status(200).json();
    let second = send().await.expect_status(200);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(first, second.json());
}

/// What is wrong with a source, how that is told, and where.
fn wrong_sources() -> Vec<(Value, u16, &'static str, &'static str)> {
    let data = |url: &str| json!({"type": "data_url", "data_url": url});
    let remote = |url: &str| json!({"type": "remote_url", "url": url});
    let missing_type = "Missing required parameter: 'source.type'.";
    let missing_data = "Missing required parameter: 'source.data_url'.";
    let missing_url = "Missing required parameter: 'source.url'.";
    let (in_data, in_url, unfetchable) = (
        "source.data_url",
        "source.url",
        "nothing can be fetched from this address",
    );
    let page = data("data:text/html;base64,PGI+");
    let not_one = "the data URL must begin with 'data:'";
    vec![
        (json!({}), 400, missing_type, "source.type"),
        (
            json!({"type": "ftp"}),
            400,
            "unknown source type ftp",
            "source.type",
        ),
        (json!({"type": "data_url"}), 400, missing_data, in_data),
        (json!({"type": "remote_url"}), 400, missing_url, in_url),
        (
            data("data:image/png;base64,"),
            400,
            "file is empty",
            in_data,
        ),
        (page, 415, "unsupported mime type text/html", in_data),
        (data("nonsense"), 400, not_one, in_data),
        (remote("http://127.0.0.1:1/x.png"), 400, unfetchable, in_url),
        (remote("file:///etc/passwd"), 400, unfetchable, in_url),
    ]
}

#[tokio::test]
async fn a_wrong_upload_says_what_is_wrong_in_jans_words_and_keeps_nothing() {
    let app = App::start().await;
    let before = app.events().await.len();
    for (source, status, message, param) in wrong_sources() {
        let refused = app.post(MEDIA, json!({"source": source})).await;
        let refused = refused.expect_status(status).json();
        assert_eq!(refused["error"]["message"], message, "{source}");
        assert_eq!(refused["error"]["param"], param, "{source}");
    }
    app.post(MEDIA, json!({})).await.expect_status(400);
    let mut named = upload(&png(1, 1, b""));
    named["filename"] = json!("a\tb");
    let refused = app.post(MEDIA, named).await.expect_status(400).json();
    assert_eq!(refused["error"]["param"], "filename");
    let ftp = json!({"source": {"type": "ftp"}});
    let jan = app.post("/media/v1/media", ftp).await.expect_status(400);
    assert_eq!(jan.json()["error"], "unknown source type ftp");
    assert_eq!(app.events().await.len(), before);
    assert_eq!(super::objects(&app), 0);
}

/// An application that may fetch from a web of this machine.
async fn beside_a_web() -> App {
    let mut scrape = ScrapeSettings::default();
    scrape.fetch.addresses.allowed = vec!["127.0.0.0/8".parse().unwrap()];
    let mut setup = Setup {
        builtin: Some((SearchSettings::default(), scrape)),
        ..Setup::default()
    };
    setup.media.bytes_max = 1_000;
    setup.media.fetch_timeout = Duration::from_secs(4);
    App::start_with(setup).await
}

#[tokio::test]
async fn an_image_is_brought_from_the_web_and_looked_at() {
    let web = ScriptedWeb::start().await;
    let app = beside_a_web().await;
    let bytes = png(5, 5, b"web");
    // What its server says it is makes no difference.
    web.tell("/tea", [Reply::text(bytes.clone())]);
    web.tell("/page", [Reply::page("<img>")]);
    web.tell("/gone", [Reply::status(410)]);
    web.tell("/large", [Reply::text(png(1, 1, &[0; 1_000]))]);
    web.tell(
        "/slow",
        [Reply::text(bytes.clone()).after(Duration::from_secs(30))],
    );
    let remote = |path: &str| {
        let url = web.url(path);
        app.post(MEDIA, json!({"source": {"type": "remote", "url": url}}))
    };
    let kept = remote("/tea").await.expect_status(200).json();
    assert_eq!(kept["mime"], "image/png");
    let read = app.get(&format!("{MEDIA}/{}", id_of(&kept))).await;
    assert_eq!(read.bytes(), &bytes);
    for (path, status, message) in [
        ("/page", 415, "unsupported mime type unknown"),
        ("/gone", 400, "the address answers with status 410"),
        ("/large", 400, "what is at this address is too large"),
        (
            "/slow",
            400,
            "what is at this address did not arrive whole and in time",
        ),
    ] {
        let refused = remote(path).await.expect_status(status).json();
        assert_eq!(refused["error"]["message"], message);
        assert_eq!(refused["error"]["param"], "source.url");
    }
}
