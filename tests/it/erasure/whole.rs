use http::Method;
use jan_tests::app::App;
use jan_tests::given::{chat, with};
use jan_tests::request::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{PATIENCE, PLANTED, gone, places_of};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

/// Leaves the word wherever one can leave it.
pub(super) async fn leave_traces(person: &Client, word: &str) -> String {
    let said = with(
        chat(&format!("reply exactly {word}")),
        json!({"conversation": {}, "store": true, "metadata": {"topic": word}}),
    );
    let answer = person.post(CHAT, said).header("idempotency-key", "once");
    let answer = answer.await.expect_status(200).json();
    let conversation = answer["conversation"]["id"].as_str().unwrap().to_owned();
    let run = json!({"model": jan_tests::given::MODEL, "background": true,
        "input": format!("reply exactly {word}"), "metadata": {"topic": word}});
    let run = person.post(RESPONSES, run).await.expect_status(200).json();
    let path = format!("{RESPONSES}/{}", run["id"].as_str().unwrap());
    let deadline = Instant::now() + PATIENCE;
    while person.get(&path).await.expect_status(200).json()["status"] != "completed" {
        assert!(Instant::now() < deadline, "the run does not end");
        sleep(std::time::Duration::from_millis(20)).await;
    }
    conversation
}

async fn items(person: &Client, conversation: &str) -> (u16, Value) {
    let path = format!("/v1/conversations/{conversation}/items");
    let told = person.get(&path).await;
    (told.status(), told.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_account_can_be_read_and_nothing_of_others_is_lost() {
    let app = App::start().await;
    let other = app.guest().await;
    let theirs = leave_traces(&other, "bystander-19c4").await;
    leave_traces(&app, PLANTED).await;
    app.settle().await;
    let before = places_of(app.pool(), PLANTED).await;
    for place in ["conversation_items.body", "responses.answer", "runs.output"] {
        assert!(before.iter().any(|known| known == place), "{before:?}");
    }
    assert!(
        !before.iter().any(|place| place.starts_with("events.")),
        "{before:?}"
    );
    let opened = app.events().await;
    assert!(opened.iter().any(|event| event.payload.contains(PLANTED)));

    let erased = app.delete("/auth/me").await.expect_status(200).json();
    assert_eq!(erased["deleted"], true, "{erased}");
    gone(app.pool(), PLANTED).await;
    app.get("/auth/me").await.expect_status(401);
    app.post(CHAT, chat("reply exactly hi"))
        .await
        .expect_status(401);
    let opened = app.events().await;
    assert!(!opened.iter().any(|event| event.payload.contains(PLANTED)));
    assert!(
        opened
            .iter()
            .any(|event| event.event_type == "AccountErased")
    );

    let (status, kept) = items(&other, &theirs).await;
    assert_eq!(status, 200);
    assert!(kept.to_string().contains("bystander-19c4"), "{kept}");
    let again = with(chat("reply exactly on"), json!({"conversation": theirs}));
    other.post(CHAT, again).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_ends_with_its_account() {
    let app = App::start().await;
    let run = json!({"model": jan_tests::given::MODEL, "background": true,
        "input": "[frame_ms=100] count to 500"});
    let run = app.post(RESPONSES, run).await.expect_status(200).json();
    let id = run["id"].as_str().unwrap();
    app.until_recorded(id, "ResponseClaimed").await;
    app.settle().await;
    app.delete("/auth/me").await.expect_status(200);
    let sql =
        "select count(*) from events where aggregate_id = $1 and event_type = 'ResponseFailed'";
    let ended: i64 = sqlx::query_scalar(sql)
        .bind(id)
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(ended, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_erase_accounts_and_nobody_else_does() {
    let app = App::start().await;
    let person = app.guest().await;
    leave_traces(&person, PLANTED).await;
    app.settle().await;
    let me = person.get("/auth/me").await.json();
    let path = format!("/v1/admin/accounts/{}", me["id"].as_str().unwrap());
    app.delete(&path).await.expect_status(403);
    let administrator = app.administrator();
    for (wrong, status) in [("user_nobody1", 404), ("conv_1", 400)] {
        let path = format!("/v1/admin/accounts/{wrong}");
        let refused = administrator.raw(Method::DELETE, &path).await;
        assert_eq!(refused.status(), status, "{}", refused.text());
    }
    administrator.delete(&path).await.expect_status(200);
    gone(app.pool(), PLANTED).await;
    administrator.delete(&path).await.expect_status(200);
    person.get("/auth/me").await.expect_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_stored_is_nowhere_at_all() {
    let app = App::start().await;
    let said = format!("reply exactly {PLANTED}");
    let chatted = with(chat(&said), json!({"store": false, "user": PLANTED}));
    app.post(CHAT, chatted).await.expect_status(200);
    let asked = json!({"model": jan_tests::given::MODEL, "store": false, "input": said,
        "instructions": PLANTED});
    let told = app.post(RESPONSES, asked).await.expect_status(200);
    assert!(told.text().contains(PLANTED));
    app.settle().await;
    let places = places_of(app.pool(), PLANTED).await;
    assert!(places.is_empty(), "{places:?}");
    let opened = app.events().await;
    let telling = opened.iter().find(|event| event.payload.contains(PLANTED));
    assert!(telling.is_none(), "{telling:?}");
    let used: i64 = sqlx::query_scalar("select sum(completed)::bigint from usage")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(used, 2);
}
