//! What becomes of media in time, and with its owner.

use std::future::IntoFuture as _;
use std::time::Duration;

use jan_api::wiring::retention;
use jan_commands::retention::{ClassReport, RetentionTerms};
use jan_domain::media::ObjectPrefix;
use jan_domain::ports::ObjectStore as _;
use jan_infra::media::MediaDirectory;
use jan_projections::{ReadModel, Rebuilt};
use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::json;

use super::{FILES, MEDIA, file, form, id_of, keep, objects, png, upload};
use crate::projections::rebuild::{assert_equal, rebuild};

async fn sweep(app: &App) -> ClassReport {
    let terms = RetentionTerms {
        guests: None,
        media: None,
        stream_log: None,
        effect_journal: None,
        idempotency_keys: None,
    };
    app.settle().await;
    let state = &app.application().state;
    let commands = &state.commands;
    let removing = (commands.eraser.clone(), commands.media.remover());
    let sweeper = retention(terms, app.pool(), removing, &state.reads);
    let reports = sweeper.sweep(false).await.unwrap();
    let media = reports.into_iter().find(|report| report.class == "media");
    media.unwrap()
}

/// Makes it due in its read model, which is where a sweep looks, and in nothing else.
async fn make_due(app: &App, id: &str) {
    app.settle().await;
    let sql = "update media set due_at = clock_timestamp() - interval '1 hour' where media_id = $1";
    sqlx::query(sql).bind(id).execute(app.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_due_by_its_stream_is_kept_whatever_the_read_model_says() {
    let app = App::start().await;
    let kept = keep(&app, &png(1, 1, b"")).await;
    make_due(&app, id_of(&kept)).await;
    let swept = sweep(&app).await;
    assert_eq!((swept.found, swept.removed), (1, 0));
    app.get(&format!("{MEDIA}/{}", id_of(&kept)))
        .await
        .expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_prepared_and_never_came_is_given_up() {
    let mut setup = jan_tests::app::Setup::default();
    setup.media.link_ttl = Duration::from_secs(4);
    let app = App::start_with(setup).await;
    let body = json!({"mime_type": "image/png"});
    let prepared = app.post("/v1/media/prepare-upload", body).await;
    let prepared = prepared.expect_status(200).json();
    assert_eq!(sweep(&app).await.found, 0);
    tokio::time::sleep(Duration::from_millis(4_100)).await;
    let swept = sweep(&app).await;
    assert_eq!((swept.found, swept.removed), (1, 1));
    let events = app.events_of(id_of(&prepared)).await;
    let names: Vec<_> = events.iter().map(|event| &event.event_type).collect();
    assert_eq!(
        names,
        ["MediaUploadPrepared", "MediaExpired", "MediaPurged"]
    );
    assert_eq!(sweep(&app).await.found, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_a_dead_process_left_behind_are_deleted_by_a_later_sweep() {
    let app = App::start().await;
    let kept = keep(&app, &png(1, 1, b"")).await;
    let id = id_of(&kept);
    // As if the process had died between the record and the deletion: the place cannot be emptied.
    let owner = app
        .media_directory()
        .read_dir()
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let aside = owner.with_extension("aside");
    std::fs::rename(&owner, &aside).unwrap();
    std::fs::write(&owner, b"in the way").unwrap();
    app.delete(&format!("{MEDIA}/{id}"))
        .await
        .expect_status(200);
    app.get(&format!("{MEDIA}/{id}")).await.expect_status(404);
    std::fs::remove_file(&owner).unwrap();
    std::fs::rename(&aside, &owner).unwrap();
    assert_eq!(objects(&app), 1, "the bytes still lie there");
    assert_eq!(sweep(&app).await.found, 0, "whoever deletes has a minute");
    make_due(&app, id).await;
    let swept = sweep(&app).await;
    assert_eq!((swept.found, swept.removed), (1, 1));
    assert_eq!(objects(&app), 0);
    let last = app.events_of(id).await.pop().unwrap();
    assert_eq!(last.event_type, "MediaPurged");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_account_lies_in_the_object_store() {
    let app = App::start().await;
    let other = app.guest().await;
    let theirs = keep(&other, &png(1, 1, b"theirs")).await;
    keep(&app, &png(1, 1, b"mine")).await;
    file(&app, "secret-name-77.txt", b"mine too").await;
    assert_eq!(objects(&app), 3);
    app.delete("/auth/me").await.expect_status(200);
    assert_eq!(objects(&app), 1);
    other
        .get(&format!("{MEDIA}/{}", id_of(&theirs)))
        .await
        .expect_status(200);
    app.settle().await;
    let left: i64 = sqlx::query_scalar("select count(*) from media")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(left, 1);
    let events = app.events().await;
    let told = events
        .iter()
        .any(|event| event.payload.contains("secret-name-77"));
    assert!(!told, "the log does not tell its names any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_from_nothing_is_what_was_there() {
    let app = App::start().await;
    for tail in [b"1", b"2", b"3"] {
        keep(&app, &png(1, 1, tail)).await;
    }
    let gone = keep(&app, &png(1, 1, b"gone")).await;
    app.delete(&format!("{MEDIA}/{}", id_of(&gone)))
        .await
        .expect_status(200);
    keep(&app, &png(1, 1, b"1")).await;
    file(&app, "a\\b\u{e9}", b"x").await;
    app.post(
        "/v1/media/prepare-upload",
        json!({"mime_type": "image/gif"}),
    )
    .await
    .expect_status(200);
    app.settle().await;
    let before = app.get(&format!("{FILES}?limit=100")).await.json();
    let (operator, model) = (app.projections(), ReadModel::Media);
    assert_equal(&operator.verify(model, Some(2)).await.unwrap());
    let rebuilt = rebuild(&operator, model, Some(2)).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Live);
    let after = operator.verify(model, None).await.unwrap();
    assert_equal(&after);
    assert_eq!(after.tables[0].live.rows, 5);
    operator.retire(model).await.unwrap();
    assert_eq!(app.get(&format!("{FILES}?limit=100")).await.json(), before);
}

#[tokio::test]
async fn a_file_that_has_expired_is_not_there() {
    let app = App::start().await;
    let texts = [
        ("purpose", "user_data"),
        ("expires_after[anchor]", "created_at"),
        ("expires_after[seconds]", "3600"),
    ];
    let kept = form(&app, &texts, ("a", "text/plain", b"tea")).await;
    let kept = kept.expect_status(200).json();
    let state = &app.application().state;
    let id = jan_domain::id::MediaId::parse(id_of(&kept)).unwrap();
    let media = state.commands.media.linked(&id).await.unwrap();
    let end = media.retain_until.unwrap();
    let state = jan_domain::media::Media::Kept(media);
    let before = end - chrono::TimeDelta::milliseconds(1);
    assert!(state.clone().readable_at(before).is_some());
    assert!(state.readable_at(end).is_none());
}

#[tokio::test]
async fn a_directory_deletes_what_begins_so_and_nothing_else() {
    let app = App::start().await;
    keep(&app, &png(1, 1, b"")).await;
    let directory = MediaDirectory::new(app.media_directory().to_owned());
    let stranger = jan_domain::Owner {
        tenant: jan_domain::id::TenantId::default(),
        account: jan_domain::id::AccountId::parse("user_0").unwrap(),
    };
    let prefix = ObjectPrefix::of_owner(&stranger);
    assert_eq!(directory.delete_below(&prefix).await.unwrap(), 0);
    assert_eq!(objects(&app), 1);
}

#[tokio::test]
async fn bytes_that_have_got_lost_are_missed_by_nobody_but_whoever_reads_them() {
    let app = App::start().await;
    let kept = keep(&app, &png(1, 1, b"")).await;
    let id = id_of(&kept);
    std::fs::remove_dir_all(app.media_directory()).unwrap();
    let lost = app.get(&format!("{MEDIA}/{id}")).await.expect_status(404);
    assert_eq!(lost.json()["error"]["code"], "content_not_found");
    let part = json!({"type": "image_url", "image_url": {"url": id}});
    let content = json!([{"type": "text", "text": "reply exactly on"}, part]);
    let body = json!({"model": MODEL, "messages": [{"role": "user", "content": content}]});
    app.post("/v1/chat/completions", body)
        .await
        .expect_status(200);
    app.delete(&format!("{MEDIA}/{id}"))
        .await
        .expect_status(200);
    let again = keep(&app, &png(1, 1, b"")).await;
    assert_eq!(again["deduped"], false);
    app.get(&format!("{MEDIA}/{id}")).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_and_deleted_at_once_what_is_kept_can_be_read_and_nothing_else_lies_there()
{
    let app = App::start().await;
    let bytes = png(1, 1, b"busy");
    let path = format!("{MEDIA}/{}", id_of(&keep(&app, &bytes).await));
    for _ in 0..10 {
        let sends = (0..4).map(|_| app.post(MEDIA, upload(&bytes)).into_future());
        let deletions = (0..2).map(|_| app.delete(&path).into_future());
        let told = futures::future::join_all(sends.chain(deletions)).await;
        for answer in told {
            let fine = matches!(answer.status(), 200 | 404 | 409);
            assert!(fine, "{}: {}", answer.status(), answer.text());
        }
        let read = app.get(&path).await;
        match read.status() {
            200 => assert_eq!(read.bytes(), &bytes),
            404 => assert_eq!(read.json()["error"]["code"], "not_found"),
            other => panic!("{other}: {}", read.text()),
        }
        assert_eq!(objects(&app), usize::from(read.status() == 200));
    }
}
