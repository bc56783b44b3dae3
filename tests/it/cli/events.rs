//! `jan-server events` and `projections`, on a database that an application fills.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use jan_infra::identity::MasterKeyRing;
use jan_tests::app::App;
use jan_tests::given::{chat, with};
use jan_tests::process::signal;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;

use super::Desk;

const CHAT: &str = "/v1/chat/completions";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn desk(app: &App) -> Desk {
    let options = app.pool().connect_options();
    Desk::new()
        .with("DATABASE_URL", options.to_url_lossy())
        .with("JAN_MASTER_KEY", app.master_key())
}

/// Has a short talk and gives the id of its conversation.
async fn talk(app: &App) -> String {
    let body = with(chat("reply exactly hi"), json!({"conversation": {}}));
    let request = app.post(CHAT, body);
    let request = request.header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let answer = request.await.expect_status(200).json();
    answer["conversation"]["id"].as_str().unwrap().to_owned()
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_shown_from_its_beginning() {
    let app = App::start().await;
    let id = talk(&app).await;
    let said = desk(&app).run(&["events", "show", &id]);
    let stored = app.events_of(&id).await;
    assert_eq!(said.answer().lines().count(), stored.len());
    for (line, event) in said.out.lines().zip(&stored) {
        let words: Vec<_> = line.split_whitespace().collect();
        let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
        let stream = format!("{id}#{}", event.sequence);
        assert_eq!(words[0], event.position.to_string());
        assert_eq!(words[2..4], [event.event_type.as_str(), &stream]);
        assert_eq!(
            words[4..],
            [
                metadata["actor_id"].as_str().unwrap(),
                metadata["request_id"].as_str().unwrap()
            ]
        );
    }
    let unknown = desk(&app).run(&["events", "show", "conv_nobody"]);
    assert_eq!(unknown.complaint(1), "there are no events of 'conv_nobody'");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gets_every_byte_of_an_event() {
    let app = App::start().await;
    let id = talk(&app).await;
    let said = desk(&app).run(&["events", "show", &id, "--json"]);
    let stored = app.events_of(&id).await;
    assert_eq!(said.answer().lines().count(), stored.len());
    for (line, event) in said.out.lines().zip(&stored) {
        assert!(
            line.contains(&format!("\"payload\":{}", event.payload)),
            "{line}"
        );
        assert!(
            line.contains(&format!("\"metadata\":{}", event.metadata)),
            "{line}"
        );
    }
    let pretty = desk(&app).run(&["events", "show", &id, "--payload"]);
    let first = pretty.answer().split_once("{\n").unwrap().1;
    assert!(
        first.lines().next().unwrap().starts_with(&" ".repeat(12)),
        "{first}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_master_key_and_asks_for_it_sees_what_was_said() {
    let app = App::start().await;
    let id = talk(&app).await;
    let shown = desk(&app).run(&["events", "show", &id, "--json"]);
    assert!(shown.answer().contains("\"text\":\"hi\""), "{}", shown.out);
    let closed = desk(&app).run(&["events", "show", &id, "--json", "--sealed"]);
    assert!(!closed.answer().contains("\"hi\"") && closed.out.contains("{\"sealed\":{\"v\":1,"));
    let options = app.pool().connect_options();
    let stranger = Desk::new().with("DATABASE_URL", options.to_url_lossy());
    let closed = stranger.run(&["events", "show", &id, "--json"]);
    assert!(!closed.answer().contains("\"hi\""), "{}", closed.out);
    let wrong = stranger.with("JAN_MASTER_KEY", MasterKeyRing::fresh());
    let complaint = wrong.run(&["events", "show", &id]).complaint(1).to_owned();
    assert!(
        complaint.contains("wrapped by the master key mk_"),
        "{complaint}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_is_chosen_by_number_type_stream_and_trace() {
    let app = App::start().await;
    let id = talk(&app).await;
    let all = app.events().await;
    let desk = desk(&app);
    let positions = |arguments: &[&str]| {
        let said = desk.run(&[&["events", "tail", "--json"], arguments].concat());
        let events = objects(said.answer());
        let positions = events
            .iter()
            .map(|event| event["position"].as_i64().unwrap());
        positions.collect::<Vec<_>>()
    };
    let expected = |wanted: &dyn Fn(usize) -> bool| {
        let wanted = (0..all.len()).filter(|at| wanted(*at));
        wanted.map(|at| all[at].position).collect::<Vec<_>>()
    };
    assert_eq!(positions(&[]), expected(&|_| true));
    assert_eq!(positions(&["-n", "2"]), expected(&|at| at + 2 >= all.len()));
    assert_eq!(positions(&["-n", "0"]), [0; 0]);
    let completed = |at: usize| all[at].event_type == "ResponseCompleted";
    assert_eq!(
        positions(&["--type", "ResponseCompleted"]),
        expected(&completed)
    );
    let of_talk = |at: usize| all[at].aggregate_id == id;
    assert_eq!(positions(&["--stream", &id]), expected(&of_talk));
    let traced = |at: usize| all[at].metadata.contains(TRACE);
    assert!(!expected(&traced).is_empty());
    assert_eq!(positions(&["--trace", TRACE]), expected(&traced));
}

#[tokio::test(flavor = "multi_thread")]
async fn following_shows_what_was_and_what_comes_until_ctrl_c() {
    let app = App::start().await;
    talk(&app).await;
    let before = app.events().await.len();
    let desk = desk(&app);
    let mut command = desk.command(&["events", "tail", "--follow", "--json", "-n", "1"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        event["position"].as_i64().unwrap()
    };
    let mut seen = vec![next()];
    talk(&app).await;
    let all = app.events().await;
    let expected: Vec<_> = all[before - 1..]
        .iter()
        .map(|event| event.position)
        .collect();
    seen.extend((1..expected.len()).map(|_| next()));
    assert_eq!(seen, expected);
    signal("INT", child.id());
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_is_no_failure() {
    let app = App::start().await;
    talk(&app).await;
    let desk = desk(&app);
    for arguments in [
        &["events", "tail"][..],
        &["openapi"],
        &["config"],
        &["--help"],
    ] {
        let mut command = desk.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Long before the first word is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}: {}", output.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn projections_tell_how_far_they_are() {
    let app = App::start().await;
    talk(&app).await;
    app.settle().await;
    let said = desk(&app).run(&["projections", "list", "--json"]);
    let projections: Vec<Value> = serde_json::from_str(said.answer()).unwrap();
    let names: Vec<_> = projections
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "accounts",
            "conversations",
            "documents",
            "media",
            "responses",
            "runs",
            "usage"
        ]
    );
    let head = app.events().await.last().unwrap().position;
    for projection in &projections {
        assert_eq!(projection["position"], head, "{projection}");
        assert_eq!(projection["lag_events"], 0);
        assert_eq!(projection["parked_count"], 0);
        assert!(projection["owner"].as_str().unwrap().starts_with("node_"));
    }
    let table = desk(&app).run(&["projections", "list"]);
    assert_eq!(table.answer().lines().count(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_document_is_the_served_one() {
    let app = App::start().await;
    let served = app.as_nobody().get("/openapi.json").await.json();
    let printed: Value = serde_json::from_str(Desk::new().run(&["openapi"]).answer()).unwrap();
    assert_eq!(printed, served);
}
