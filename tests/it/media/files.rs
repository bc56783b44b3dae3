//! OpenAI's files.

use jan_tests::app::App;
use serde_json::{Value, json};

use super::{FILES, file, form, id_of, keep, png};

#[tokio::test]
async fn a_file_comes_as_a_form_and_is_shown_in_openais_shape() {
    let app = App::start().await;
    let kept = form(
        &app,
        &[
            ("purpose", "user_data"),
            ("expires_after[anchor]", "created_at"),
            ("expires_after[seconds]", "3600"),
            ("something", "else"),
        ],
        ("notes.txt", "text/plain", b"high tide"),
    );
    let kept = kept.await.expect_status(200).json();
    let created_at = kept["created_at"].as_i64().unwrap();
    assert_eq!(
        kept,
        json!({"id": kept["id"], "object": "file", "bytes": 9, "created_at": created_at,
            "expires_at": created_at + 3600, "filename": "notes.txt", "purpose": "user_data",
            "status": "processed", "status_details": null})
    );
    let path = format!("{FILES}/{}", id_of(&kept));
    assert_eq!(app.get(&path).await.expect_status(200).json(), kept);
    let content = app.get(&format!("{path}/content")).await.expect_status(200);
    assert_eq!(content.text(), "high tide");
    assert_eq!(content.header("content-type"), Some("text/plain"));
    assert_eq!(
        content.header("content-disposition"),
        Some("attachment; filename*=UTF-8''notes.txt")
    );
    let deleted = app.delete(&path).await.expect_status(200).json();
    assert_eq!(
        deleted,
        json!({"id": kept["id"], "object": "file", "deleted": true})
    );
    app.get(&path).await.expect_status(404);
    app.get(&format!("{path}/content")).await.expect_status(404);
}

#[tokio::test]
async fn equal_files_are_two_and_both_doors_know_both() {
    let app = App::start().await;
    let bytes = png(1, 1, b"");
    let image = keep(&app, &bytes).await;
    let first = file(&app, "a.txt", &bytes).await;
    let second = file(&app, "a.txt", &bytes).await;
    assert_ne!(first["id"], second["id"]);
    app.delete(&format!("{FILES}/{}", id_of(&first)))
        .await
        .expect_status(200);
    for id in [id_of(&second), id_of(&image)] {
        let read = app.get(&format!("{FILES}/{id}/content")).await;
        assert_eq!(read.expect_status(200).bytes(), &bytes);
        app.get(&format!("/v1/media/{id}")).await.expect_status(200);
    }
}

#[tokio::test]
async fn files_are_listed_by_purpose_page_by_page() {
    let app = App::start().await;
    for name in ["a", "b", "c"] {
        file(&app, name, name.as_bytes()).await;
    }
    form(
        &app,
        &[("purpose", "batch")],
        ("d", "application/jsonl", b"{}"),
    )
    .await
    .expect_status(200);
    let names = |listed: &Value| {
        let data = listed["data"].as_array().unwrap().iter();
        data.map(|file| file["filename"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let listed = async |query: &str| {
        let listed = app.get(&format!("{FILES}{query}")).await;
        listed.expect_status(200).json()
    };
    assert_eq!(names(&listed("").await), ["d", "c", "b", "a"]);
    assert_eq!(
        names(&listed("?order=asc&limit=10000").await),
        ["a", "b", "c", "d"]
    );
    assert_eq!(names(&listed("?purpose=batch").await), ["d"]);
    let page = listed("?limit=2").await;
    assert_eq!(
        (names(&page), &page["has_more"]),
        (vec!["d".to_owned(), "c".to_owned()], &json!(true))
    );
    let after = page["last_id"].as_str().unwrap();
    assert_eq!(
        names(&listed(&format!("?limit=2&after={after}")).await),
        ["b", "a"]
    );
    assert_eq!(names(&app.guest().await.get(FILES).await.json()), [""; 0]);
    for wrong in [
        "?limit=0",
        "?limit=10001",
        "?purpose=tea",
        "?after=x",
        "?order=up",
    ] {
        let refused = app
            .get(&format!("{FILES}{wrong}"))
            .await
            .expect_status(400)
            .json();
        assert!(
            wrong.contains(refused["error"]["param"].as_str().unwrap()),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_wrong_form_names_the_field_and_keeps_nothing() {
    let app = App::start().await;
    let before = app.events().await.len();
    let tea = ("tea.txt", "text/plain", &b"tea"[..]);
    for (texts, param) in [
        (&[][..], "purpose"),
        (&[("purpose", "tea")], "purpose"),
        (&[("purpose", "assistants_output")], "purpose"),
        (
            &[("purpose", "batch"), ("expires_after[seconds]", "3600")],
            "expires_after[anchor]",
        ),
        (
            &[
                ("purpose", "batch"),
                ("expires_after[anchor]", "created_at"),
            ],
            "expires_after[seconds]",
        ),
        (
            &[
                ("purpose", "batch"),
                ("expires_after[anchor]", "now"),
                ("expires_after[seconds]", "3600"),
            ],
            "expires_after[anchor]",
        ),
        (
            &[("purpose", "batch"), ("expires_after[seconds]", "3599")],
            "expires_after[seconds]",
        ),
        (
            &[("purpose", "batch"), ("expires_after[seconds]", "2592001")],
            "expires_after[seconds]",
        ),
    ] {
        let refused = form(&app, texts, tea).await.expect_status(400).json();
        assert_eq!(refused["error"]["param"], param, "{texts:?}");
    }
    let purpose = &[("purpose", "batch")];
    let empty = form(&app, purpose, ("tea.txt", "text/plain", b"")).await;
    assert_eq!(empty.expect_status(400).json()["error"]["param"], "file");
    let nameless = form(&app, purpose, ("", "text/plain", b"tea")).await;
    assert_eq!(nameless.expect_status(400).json()["error"]["param"], "file");
    app.post(FILES, json!({"purpose": "batch"}))
        .await
        .expect_status(415);
    let half = "--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbat";
    let broken = app.raw(http::Method::POST, FILES);
    let broken = broken.body_of("multipart/form-data; boundary=x", half);
    broken.await.expect_status(400);
    assert_eq!(app.events().await.len(), before);
    assert_eq!(super::objects(&app), 0);
}

#[tokio::test]
async fn one_part_of_a_file_can_be_read() {
    let app = App::start().await;
    let kept = file(&app, "abc", b"abcdefghij").await;
    let path = format!("{FILES}/{}/content", id_of(&kept));
    for (range, part, told) in [
        ("bytes=0-0", "a", "bytes 0-0/10"),
        ("bytes=2-4", "cde", "bytes 2-4/10"),
        ("bytes=7-", "hij", "bytes 7-9/10"),
        ("bytes=-2", "ij", "bytes 8-9/10"),
    ] {
        let read = app.get(&path).header("range", range).await;
        let read = read.expect_status(206);
        assert_eq!(
            (read.text(), read.header("content-range")),
            (part, Some(told)),
            "{range}"
        );
    }
    let many = vec!["0-0"; 10_000].join(",");
    for wrong in [
        "bytes=0-1,3-4",
        "bytes=10-",
        "bytes=5-2",
        "bytes=--1",
        "lines=1-2",
        &format!("bytes={many}"),
    ] {
        let refused = app.get(&path).header("range", wrong).await;
        assert!(
            matches!(refused.status(), 416 | 431),
            "{}: {}",
            refused.status(),
            &wrong[..12]
        );
    }
}
