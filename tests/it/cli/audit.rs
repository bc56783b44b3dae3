//! `jan-server events verify`, `checkpoint`, `prove`, `export` and `import`, as an operator meets them.

use std::fs;
use std::time::Duration;

use jan_domain::ports::Signer as _;
use jan_infra::identity::{AuditKey, MasterKeyRing};
use jan_projections::audit::PublicKey;
use jan_tests::app::App;
use jan_tests::database::Database;
use jan_tests::given::{chat, with};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::time::{Instant, sleep};

use super::Desk;

const PATIENCE: Duration = Duration::from_mins(1);

/// A desk at the database of an application that has had two short talks, sealed; and one of them.
async fn talked() -> (App, Desk, String) {
    let app = App::start().await;
    let body = with(chat("reply exactly hi"), json!({"conversation": {}}));
    let answer = app.post("/v1/chat/completions", body.clone()).await;
    let answer = answer.expect_status(200).json();
    app.post("/v1/chat/completions", body)
        .await
        .expect_status(200);
    let id = answer["conversation"]["id"].as_str().unwrap().to_owned();
    until_sealed(app.pool()).await;
    let desk = at(app.pool()).with("JAN_MASTER_KEY", app.master_key());
    (app, desk, id)
}

/// At a database of its own, with a master key of its own.
fn at(pool: &PgPool) -> Desk {
    Desk::new()
        .with("DATABASE_URL", pool.connect_options().to_url_lossy())
        .with("JAN_MASTER_KEY", MasterKeyRing::fresh())
}

async fn until_sealed(pool: &PgPool) {
    let sql = "select (select max(position) from events)
                      <= coalesce((select max(to_position) from event_seals), 0)";
    let until = Instant::now() + PATIENCE;
    while !sqlx::query_scalar::<_, bool>(sql)
        .fetch_one(pool)
        .await
        .unwrap()
    {
        assert!(Instant::now() < until, "the log is not sealed");
        sleep(Duration::from_millis(20)).await;
    }
}

fn public_key(app: &App) -> String {
    PublicKey::from(AuditKey::from(app.signing_key()).public_key()).to_string()
}

async fn as_superuser(pool: &PgPool, sql: &str) {
    let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
    sqlx::raw_sql(&sql).execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_checked_and_what_is_wrong_with_it_is_named() {
    let (app, desk, id) = talked().await;
    let key = public_key(&app);
    let verify = ["events", "verify", "--public-key", &key];
    let said = desk.run(&verify);
    let lines: Vec<_> = said.answer().lines().collect();
    assert!(lines[0].starts_with("Nothing is wrong: "), "{lines:?}");
    assert!(lines[1].contains(" events a second"), "{lines:?}");
    let said = desk.run(&[&verify[..], &["--json", "--baseline"]].concat());
    let told: Value = serde_json::from_str(said.answer()).unwrap();
    assert_eq!(told["ok"], true);
    assert_eq!(told["events"], app.events().await.len());
    assert!(told["baseline_events_per_second"].is_number());

    let said = desk.run(&["events", "verify"]);
    let complaint = said.complaint(1);
    assert!(complaint.starts_with("there is no key here that seals the log"));
    let other = PublicKey::from([1; 32]).to_string();
    let said = desk.run(&["events", "verify", "--public-key", &other]);
    assert!(
        said.complaint(1)
            .starts_with("seal 1 is signed by the key ")
    );

    let sql = format!(
        "update events set metadata = replace(metadata::text, 'user_', 'user_x')::json
                        where aggregate_id = '{id}' and sequence = 1"
    );
    as_superuser(app.pool(), &sql).await;
    let first = &app.events_of(&id).await[0];
    let said = desk.run(&verify);
    let expected = format!(
        "the event at position {} ({}, {id}#1) was changed after seal ",
        first.position, first.event_type
    );
    assert!(said.complaint(1).starts_with(&expected), "{}", said.err);
    let said = desk.run(&[&verify[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &told["ok"]), (Some(1), &json!(false)));
    assert_eq!(told["position"], first.position);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_proved_to_whoever_has_the_key() {
    let (app, desk, id) = talked().await;
    let key = public_key(&app);
    let position = app.events_of(&id).await[0].position;
    let path = format!("/v1/audit/events/{position}/proof");
    let proof = app.get(&path).await.expect_status(200);
    let file = desk.directory.join("proof.json");
    fs::write(&file, proof.text()).unwrap();
    let check =
        |file: &str, key: &str| desk.run(&["events", "verify-proof", file, "--public-key", key]);
    let said = check("proof.json", &key);
    let expected =
        format!("The event at position {position} (ConversationCreated, {id}#1) was on record");
    assert!(said.answer().starts_with(&expected), "{}", said.out);

    let other = PublicKey::from([1; 32]).to_string();
    let said = check("proof.json", &other);
    assert_eq!(
        said.complaint(1),
        "the checkpoint is not signed by a trusted key"
    );
    let stranger = app.guest().await.get(&path).await.expect_status(404).json();
    let nothing = app
        .get("/v1/audit/events/99999/proof")
        .await
        .expect_status(404)
        .json();
    assert_eq!(stranger["error"]["code"], nothing["error"]["code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_with_anything_else_in_it_proves_nothing() {
    let (app, desk, id) = talked().await;
    let key = public_key(&app);
    let position = app.events_of(&id).await[0].position;
    let path = format!("/v1/audit/events/{position}/proof");
    let whole = app.get(&path).await.expect_status(200).json();
    for (pointer, value, complaint) in [
        (
            "/event/payload",
            json!("{}"),
            "the event is not under the seal",
        ),
        (
            "/event/position",
            json!(position + 1),
            "the event is not under the seal",
        ),
        (
            "/event/recorded_at",
            json!("2026-01-01T00:00:00Z"),
            "the event is not under the seal",
        ),
        ("/leaf_index", json!(999), "the event is not under the seal"),
        ("/seal/number", json!(7), "the seal is not signed"),
        (
            "/seal/root",
            json!("AAAA"),
            "the proof is malformed: seal.root",
        ),
        (
            "/checkpoint",
            json!("nothing"),
            "the proof is malformed: checkpoint",
        ),
        (
            "/seal_path",
            json!([whole["seal"]["root"]]),
            "the seal is not in the log",
        ),
    ] {
        let mut bent = whole.clone();
        *bent.pointer_mut(pointer).unwrap() = value;
        fs::write(desk.directory.join("proof.json"), bent.to_string()).unwrap();
        let said = desk.run(&["events", "verify-proof", "proof.json", "--public-key", &key]);
        assert!(
            said.complaint(1).starts_with(complaint),
            "{pointer}: {}",
            said.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_log_has_written_another_takes_byte_for_byte() {
    let (app, desk, id) = talked().await;
    let sealed = desk.run(&["events", "export"]);
    assert!(!sealed.answer().contains("\"text\":\"hi\""));
    let whole = desk.run(&["events", "export", "--open"]);
    let lines = whole.answer().lines().count();
    assert_eq!(lines, app.events().await.len());

    let database = Database::fresh().await;
    let pool = database.pool(4).await;
    let other = at(&pool);
    let file = other.directory.join("log.jsonl");
    fs::write(&file, &whole.out).unwrap();
    let said = other.run(&["events", "import", "log.jsonl", "--dry-run"]);
    let expected = format!("{lines} events would be imported, 0 were on record already.\n");
    assert_eq!(said.answer(), expected);
    assert_eq!(other.run(&["events", "export"]).answer(), "");
    let said = other.run(&["events", "import", "log.jsonl"]);
    assert_eq!(
        said.answer(),
        format!("{lines} events imported, 0 were on record already.\n")
    );
    let said = other.run(&["events", "import", "log.jsonl"]);
    assert_eq!(
        said.answer(),
        format!("0 events imported, {lines} were on record already.\n")
    );
    let again = other.run(&["events", "export", "--open"]);
    assert_eq!(
        without_positions(again.answer()),
        without_positions(&whole.out)
    );
    let sealed = other.run(&["events", "export"]);
    assert!(!sealed.answer().contains("\"text\":\"hi\""), "sealed again");

    let keyless = Desk::new().with("DATABASE_URL", pool.connect_options().to_url_lossy());
    fs::write(keyless.directory.join("log.jsonl"), &whole.out).unwrap();
    let refused = keyless.run(&["events", "import", "log.jsonl"]);
    let complaint = refused.complaint(1);
    assert!(complaint.contains("JAN_MASTER_KEY"), "{complaint}");
    let foreign = at(&pool);
    fs::write(foreign.directory.join("log.jsonl"), &whole.out).unwrap();
    let refused = foreign.run(&["events", "import", "log.jsonl"]);
    let complaint = refused.complaint(1);
    assert!(complaint.contains("master key"), "{complaint}");

    let report = desk.run(&["events", "export", "--open", "--conversation", &id]);
    let streams: Vec<_> = without_positions(report.answer())
        .iter()
        .map(|event| event["aggregate_type"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        streams.contains(&"conversation".to_owned()) && streams.contains(&"response".to_owned())
    );
    assert!(streams.len() < lines, "only one of two talks");
    let said = desk.run(&["events", "export", "--stream", "conv_nobody"]);
    assert_eq!(said.complaint(1), "there are no events of 'conv_nobody'");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_of_a_report_becomes_another_tenants() {
    let (_app, desk, id) = talked().await;
    let report = desk.run(&["events", "export", "--open", "--conversation", &id]);
    report.answer();
    let third = Database::fresh().await;
    let pool = third.pool(4).await;
    let support = at(&pool);
    fs::write(support.directory.join("report.jsonl"), &report.out).unwrap();
    support
        .run(&[
            "events",
            "import",
            "report.jsonl",
            "--into-tenant",
            "support",
        ])
        .answer();
    let tenants: Vec<String> = sqlx::query_scalar("select distinct tenant_id from events")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(tenants, ["support"]);
    let opened = support.run(&["events", "export", "--open", "--stream", &id]);
    let events = without_positions(opened.answer());
    let owner = events[0].pointer("/payload/Created/owner/tenant");
    assert_eq!(owner, Some(&json!("support")), "{}", events[0]);
}

fn without_positions(lines: &str) -> Vec<Value> {
    let objects = lines.lines().map(|line| {
        let mut object: Value = serde_json::from_str(line).unwrap();
        object.as_object_mut().unwrap().remove("position");
        object["raw"] = line.split_once("\"event_id\"").unwrap().1.into();
        object
    });
    objects.collect()
}

/// The lines of a stream with one thing changed in one of them.
struct Lines(Vec<String>);

impl Lines {
    fn bent(&self, at: usize, from: &str, to: &str) -> String {
        let mut lines = self.0.clone();
        assert!(lines[at].contains(from), "{from}: {}", lines[at]);
        lines[at] = lines[at].replacen(from, to, 1);
        lines.join("\n")
    }

    fn event_id(&self, at: usize) -> String {
        let event: Value = serde_json::from_str(&self.0[at]).unwrap();
        event["event_id"].as_str().unwrap().to_owned()
    }

    /// What cannot be read, or is not what it is called.
    fn unacceptable(&self, id: &str) -> Vec<(String, &'static str)> {
        let first = |from, to| self.bent(0, from, to);
        vec![
            (String::new(), "there are no events in bad.jsonl"),
            (
                "{".to_owned(),
                "line 1: it is not an event as `events export` writes it",
            ),
            (
                self.bent(1, "\"position\"", "\"place\""),
                "line 2: it is not an event",
            ),
            (
                first("\"recorded_at\":\"2", "\"recorded_at\":\"x2"),
                "line 1: its time",
            ),
            (
                first("_type\":\"conversation\"", "_type\":\"tea\""),
                "line 1: no aggregate is called 'tea'",
            ),
            (
                first("\"ConversationCreated\"", "\"ConversationDeleted\""),
                "line 1: it is called ConversationDeleted 1.0, but its payload is a ConversationCreated",
            ),
            (
                first("\"version\":\"1.0\"", "\"version\":\"9.0\""),
                "line 1: it is called ConversationCreated 9.0",
            ),
            (
                first("\"payload\":{\"Created\"", "\"payload\":{\"Brewed\""),
                "line 1: a stored ConversationCreated 1.0 does not fit its type",
            ),
            (
                first("\"tenant_id\"", "\"nobody_id\""),
                "line 1: its metadata does not say",
            ),
            (
                first(id, "tea_1"),
                "line 1: its stream 'tea_1' is not named",
            ),
            (
                first("\"sequence\":1", "\"sequence\":0"),
                "line 1: sequences begin at 1",
            ),
        ]
    }

    /// What does not go together.
    fn unfitting(&self) -> Vec<(String, &'static str)> {
        let (first, second) = (self.event_id(0), self.event_id(1));
        let other = "00000000-0000-0000-0000-000000000001";
        vec![
            (self.bent(1, "\"sequence\":2", "\"sequence\":3"), "line 2: "),
            (self.0[1..].join("\n"), "line 1: "),
            (self.bent(1, &second, &first), "line 2: the event "),
            (
                format!("{}\n{}", self.0[0], self.bent(0, &first, other)),
                "line 2: another event is already on record as ",
            ),
        ]
    }
}

/// One thing wrong with a file, and what is said of it. Nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_anything_wrong_in_it_is_refused_whole() {
    let (_app, desk, id) = talked().await;
    let stream = desk.run(&["events", "export", "--open", "--stream", &id]);
    let lines = Lines(stream.answer().lines().map(str::to_owned).collect());
    let database = Database::fresh().await;
    let pool = database.pool(4).await;
    let other = at(&pool);
    let sealed = desk.run(&["events", "export", "--stream", &id]);
    let sealed = vec![(
        sealed.answer().to_owned(),
        "line 1: it is sealed under its owner's key",
    )];
    for (text, complaint) in [sealed, lines.unacceptable(&id), lines.unfitting()].concat() {
        fs::write(other.directory.join("bad.jsonl"), &text).unwrap();
        let said = other.run(&["events", "import", "bad.jsonl"]);
        assert!(
            said.complaint(1).starts_with(complaint),
            "{complaint}: {}",
            said.err
        );
        let events: i64 = sqlx::query_scalar("select count(*) from events")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(events, 0, "{complaint}");
    }
}
