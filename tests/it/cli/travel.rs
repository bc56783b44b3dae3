//! `jan-server conversations` and `responses`, on a database that an application fills.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;

use super::Desk;

fn desk(app: &App) -> Desk {
    let options = app.pool().connect_options();
    Desk::new()
        .with("DATABASE_URL", options.to_url_lossy())
        .with("JAN_MASTER_KEY", app.master_key())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_shown_as_it_stood_and_compared() {
    let app = App::start().await;
    let item =
        |id: &str| json!({"id": id, "role": "user", "content": format!("says {id}\u{1b}[31m")});
    let body = json!({"title": "old", "items": [item("msg_a")]});
    let made = app.post("/v1/conversations", body).await.json();
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/conversations/{id}");
    app.post(&path, json!({"title": "new"}))
        .await
        .expect_status(200);
    app.delete(&format!("{path}/items/msg_a"))
        .await
        .expect_status(200);
    let desk = desk(&app);
    let now = desk.run(&["conversations", "show", id]);
    assert!(
        now.answer().contains("new") && !now.out.contains("msg_a"),
        "{}",
        now.out
    );
    let then = desk.run(&["conversations", "show", id, "--at-version", "2"]);
    assert!(
        then.answer().contains("old") && then.out.contains("says msg_a"),
        "{}",
        then.out
    );
    assert!(!then.out.contains('\u{1b}'), "{:?}", then.out);
    let then = desk.run(&["conversations", "show", id, "--at-version", "2", "--json"]);
    let told: Value = serde_json::from_str(then.answer()).unwrap();
    assert_eq!(
        (&told["as_of"]["version"], &told["title"]),
        (&json!(2), &json!("old"))
    );
    assert_eq!(told["items"][0]["id"], "msg_a");
    let diff = desk.run(&["conversations", "diff", id, "--from", "2"]);
    assert!(
        diff.answer().contains("- msg_a") && diff.out.contains("~ title"),
        "{}",
        diff.out
    );
    let diff = desk.run(&[
        "conversations",
        "diff",
        id,
        "--from",
        "2",
        "--to",
        "4",
        "--json",
    ]);
    let told: Value = serde_json::from_str(diff.answer()).unwrap();
    let served = app.get(&format!("{path}/diff?from=2&to=4")).await.json();
    assert_eq!(told, served);
    let beyond = desk.run(&["conversations", "show", id, "--at-version", "9"]);
    assert_eq!(
        beyond.complaint(1),
        format!("'{id}' has 4 versions, and 9 is beyond")
    );
    let nobody = desk.run(&["conversations", "show", "conv_nobody"]);
    nobody.complaint(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_replayed_from_the_database_alone() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "input": "reply exactly hi"});
    let made = app.post("/v1/responses", body).await.json();
    let id = made["id"].as_str().unwrap();
    let asked = app.model().served();
    let desk = desk(&app);
    let said = desk.run(&["responses", "replay", id, "--json"]);
    let told: Value = serde_json::from_str(said.answer()).unwrap();
    let path = format!("/v1/responses/{id}/replay");
    let served = app.post(&path, json!({})).await.expect_status(200).json();
    assert_eq!(told, served);
    let lines = desk.run(&["responses", "replay", id]);
    assert_eq!(lines.answer().lines().count(), 3);
    assert!(
        lines
            .out
            .lines()
            .last()
            .unwrap()
            .starts_with("completed after"),
        "{}",
        lines.out
    );
    assert_eq!(app.model().served(), asked);
    desk.run(&["responses", "replay", "resp_nobody"])
        .complaint(1);
    desk.run(&["responses", "replay", "nonsense"]).complaint(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_made_again_by_the_running_server_and_compared() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "input": "reply exactly hi", "conversation":
        app.post("/v1/conversations", json!({})).await.json()["id"]});
    let made = app.post("/v1/responses", body).await.expect_status(200);
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    let before = app.events_of(id).await;
    let server = format!("http://{}", app.serve().await);
    let asked = [
        "responses",
        "replay",
        id,
        "--re-execute",
        "--server",
        &server,
    ];
    let desk = Desk::new();
    let refused = desk.run(&asked);
    let complaint = refused.complaint(1);
    assert!(complaint.contains("JAN_TOKEN"), "{complaint}");

    let desk = desk.with("JAN_TOKEN", app.token());
    let said = desk.run(&asked);
    let table = said.answer();
    assert!(table.contains(id) && table.contains("resp_"), "{table}");
    let verdict = table.lines().last().unwrap();
    assert!(
        verdict.starts_with("same text, same tool calls, +0 tokens, ") && verdict.contains("conv_"),
        "{table}"
    );
    let told = desk.run(&[&asked[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(told.answer()).unwrap();
    assert_eq!(told["original"]["response_id"], id);
    assert_eq!(app.events_of(id).await.len(), before.len());

    let unknown = desk.run(&[&asked[..], &["--model", "none"]].concat());
    let complaint = unknown.complaint(1);
    assert!(complaint.contains("refused (404)"), "{complaint}");
    let nobody = ["responses", "replay", id, "--re-execute", "--server"];
    let closed = desk.run(&[&nobody[..], &["http://127.0.0.1:9"]].concat());
    let complaint = closed.complaint(1);
    assert!(complaint.contains("no server answers"), "{complaint}");
    let elsewhere = desk.run(&[&nobody[..], &["ftp://x"]].concat());
    elsewhere.complaint(1);
    let asked_wrongly = desk.run(&["responses", "replay", id, "--model", "x"]);
    assert_eq!(asked_wrongly.code, Some(2), "{}", asked_wrongly.err);
}
