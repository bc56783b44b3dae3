//! Names, types and bytes that mean no good (`MED-01` to `MED-11`).

use jan_tests::app::{App, Setup};
use serde_json::json;

use super::{FILES, MEDIA, data_url, file, form, id_of, png, upload};

/// Every name below a directory.
fn names(path: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        found.push(entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            names(&entry.path(), found);
        }
    }
}

#[tokio::test]
async fn a_name_is_shown_and_never_a_path() {
    let app = App::start().await;
    for (name, shown) in [
        ("../../x", "_.._x"),
        ("..%2f", "%252f"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"),
        ("CON", "CON"),
        ("a\u{202e}gnp.exe", "agnp.exe"),
        ("a.png/../../b", "a.png_.._.._b"),
        ("-rf", "rf"),
        (".htaccess", "htaccess"),
    ] {
        let kept = file(&app, name, b"tea").await;
        let read = app.get(&format!("{FILES}/{}/content", id_of(&kept))).await;
        let told = read.expect_status(200);
        let told = told.header("content-disposition").unwrap();
        assert_eq!(
            told,
            format!("attachment; filename*=UTF-8''{shown}"),
            "{name}"
        );
    }
    for wrong in ["x".repeat(5_000), "a\u{7f}b".to_owned()] {
        let refused = form(
            &app,
            &[("purpose", "batch")],
            (&wrong, "text/plain", b"tea"),
        )
        .await;
        refused.expect_status(400);
    }
    // Whatever they are called, all lie below one directory, under hex digits.
    let mut found = Vec::new();
    names(app.media_directory(), &mut found);
    assert!(found.len() > 9);
    let hex = |name: &String| name.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(found.iter().all(hex), "{found:?}");
}

#[tokio::test]
async fn what_an_image_is_is_decided_by_its_bytes() {
    let app = App::start().await;
    for bytes in [
        &b"<!doctype html><script>alert(1)</script>"[..],
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7",
        b"alert(1)",
        b"MZ\x90\0",
        b"\0\0\0\x18ftypheic",
        b"\x89PNG",
    ] {
        let refused = app.post(MEDIA, upload(bytes)).await;
        assert!(matches!(refused.status(), 400 | 415), "{}", refused.text());
    }
    // A tail of HTML does not make a page of an image: nobody is told to look for one.
    let tailed = png(1, 1, b"<html><script>alert(1)</script>");
    let kept = app
        .post(MEDIA, upload(&tailed))
        .await
        .expect_status(200)
        .json();
    let read = app.get(&format!("{MEDIA}/{}", id_of(&kept))).await;
    assert_eq!(read.header("content-type"), Some("image/png"));
    assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
    // A page that is a file is handed out to be saved, whatever it says it is.
    for media_type in [
        "text/html",
        "image/svg+xml",
        "image/png",
        "application/xhtml+xml",
    ] {
        let page = ("x", media_type, &b"<script>alert(1)</script>"[..]);
        let kept = form(&app, &[("purpose", "user_data")], page).await;
        let kept = kept.expect_status(200).json();
        for path in [
            format!("{FILES}/{}/content", id_of(&kept)),
            format!("{MEDIA}/{}", id_of(&kept)),
        ] {
            let read = app.get(&path).await.expect_status(200);
            let told = read.header("content-disposition").unwrap();
            assert!(told.starts_with("attachment"), "{media_type}: {told}");
            assert_eq!(
                read.header("content-security-policy"),
                Some("sandbox; default-src 'none'")
            );
        }
    }
}

#[tokio::test]
async fn an_image_that_would_unfold_is_refused_by_its_head() {
    let app = App::start().await;
    let gif = |width: u16, height: u16| {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend([0; 16]);
        bytes
    };
    for bytes in [png(10_000, 10_000, b""), gif(10, 10)] {
        app.post(MEDIA, upload(&bytes)).await.expect_status(200);
    }
    for bytes in [
        png(50_000, 50_000, b""),
        png(u32::MAX, u32::MAX, b""),
        png(0, 1, b""),
        png(10_000, 10_001, b""),
        gif(65_535, 65_535),
        b"\xff\xd8\xff".to_vec(),
        b"\xff\xd8\xff\xe0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"II*\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"BM\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        b"RIFF\0\0\0\0WEBPVP8 ".to_vec(),
    ] {
        let told = app.post(MEDIA, upload(&bytes)).await;
        let refused = matches!(told.status(), 400 | 415);
        assert!(refused, "{:x?}: {}", &bytes[..2], told.text());
    }
}

#[tokio::test]
async fn more_than_is_taken_is_refused_before_it_is_decoded() {
    let mut setup = Setup::default();
    setup.media.bytes_max = 1_000;
    setup.media.owner_bytes_max = 2_500;
    let app = App::start_with(setup).await;
    let exactly = png(1, 1, &vec![b'x'; 1_000 - png(1, 1, b"").len()]);
    let more = [&exactly[..], b"x"].concat();
    app.post(MEDIA, upload(&exactly)).await.expect_status(200);
    let refused = app
        .post(MEDIA, upload(&more))
        .await
        .expect_status(413)
        .json();
    assert_eq!(
        refused["error"]["message"],
        "file exceeds max size of 1000 bytes"
    );
    let long = json!({"source": {"type": "data_url", "data_url": data_url(&vec![b'A'; 40_000])}});
    app.post(MEDIA, long).await.expect_status(413);
    let endless =
        json!({"source": {"type": "data_url", "data_url": data_url(&vec![b'A'; 400_000])}});
    app.post(MEDIA, endless).await.expect_status(413);
    let purpose = &[("purpose", "user_data")];
    form(&app, purpose, ("a", "text/plain", &more))
        .await
        .expect_status(413);
    form(&app, purpose, ("a", "text/plain", &exactly))
        .await
        .expect_status(200);
    app.settle().await;
    let full = form(&app, purpose, ("a", "text/plain", &exactly)).await;
    let full = full.expect_status(413).json();
    assert_eq!(full["error"]["code"], "storage_limit_exceeded");
    // It is one owner's limit.
    form(&app.guest().await, purpose, ("a", "text/plain", &exactly))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn many_references_in_one_request_are_refused() {
    let app = App::start().await;
    let ids: Vec<String> = (0..101)
        .map(|n| format!("data:image/png;jan_{n:026}"))
        .collect();
    let refused = app.post("/v1/media/resolve", json!({"payload": ids})).await;
    refused.expect_status(400);
    app.post("/v1/media/resolve", json!({}))
        .await
        .expect_status(400);
    app.post("/v1/media/resolve", json!({"ids": ["jan_"]}))
        .await
        .expect_status(400);
}
