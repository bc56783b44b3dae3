//! `jan-server doctor`.

use std::net::TcpListener;

use jan_tests::database::Database;
use jan_tests::own_directory::OwnDirectory;
use jan_tests::s3_server::S3Server;
use jan_tests::scripted_model::ScriptedModel;
use serde_json::Value;
use sqlx::ConnectOptions as _;

use super::{Desk, Said};

fn state_of<'d>(diagnosis: &'d Value, name: &str) -> &'d Value {
    let mut checks = diagnosis["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap()
}

fn read(said: &Said, code: i32) -> Value {
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(code), ""),
        "{}",
        said.out
    );
    serde_json::from_str(&said.out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_everything_is_well() {
    let (database, model) = (Database::fresh().await, ScriptedModel::start().await);
    let desk = Desk::new()
        .with("DATABASE_URL", database.options().to_url_lossy())
        .with("JAN_DEFAULT_NODE_URL", model.base_url())
        .with("JAN_PORT", "0");
    let diagnosis = read(&desk.run(&["doctor", "--json"]), 0);
    assert_eq!(diagnosis["can_start"], true);
    for check in diagnosis["checks"].as_array().unwrap() {
        assert_eq!(check["state"], "good", "{check}");
    }
    assert!(diagnosis["runtime"].is_null(), "nothing embedded is needed");
    let text = desk.run(&["doctor"]);
    assert!(
        text.answer().ends_with("The server can start.\n"),
        "{}",
        text.out
    );
    assert!(!desk.directory.join(".jan").exists(), "it only looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_server_from_starting_is_named_with_advice() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let desk = Desk::new()
        .with("DATABASE_URL", "postgres://jan@127.0.0.1:9/jan")
        .with("JAN_DEFAULT_NODE_URL", "http://127.0.0.1:9/v1")
        .with("JAN_PORT", port.to_string())
        .with("JAN_PROT", "1");
    let diagnosis = read(&desk.run(&["doctor", "--json"]), 1);
    assert_eq!(diagnosis["can_start"], false);
    for (name, state) in [
        ("port", "problem"),
        ("database", "problem"),
        ("provider", "warning"),
    ] {
        let check = state_of(&diagnosis, name);
        assert_eq!(check["state"], state, "{check}");
        assert!(
            check["advice"]
                .as_str()
                .is_some_and(|advice| !advice.is_empty())
        );
    }
    let says = state_of(&diagnosis, "database")["says"].as_str().unwrap();
    assert!(
        says.starts_with("the database at 127.0.0.1:9/jan cannot be reached: "),
        "{says}"
    );
    assert!(diagnosis.to_string().contains("$JAN_PROT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_machine_is_told_to_set_up() {
    let desk = Desk::new()
        .with("JAN_POSTGRES_BIN_DIR", "/nowhere")
        .with("JAN_PORT", "0");
    let diagnosis = read(&desk.run(&["doctor", "--json"]), 1);
    for name in ["database", "model"] {
        let check = state_of(&diagnosis, name);
        assert_eq!(check["state"], "problem");
        assert!(
            check["advice"].as_str().unwrap().contains("make setup"),
            "{check}"
        );
    }
    assert!(diagnosis["runtime"]["parts"].is_array());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_code_is_told_and_why() {
    let nowhere = "/nowhere/bwrap";
    for (settings, state, says) in [
        (&[][..], "good", "by monty"),
        (&[("JAN_CODE_RUNNER", "off")][..], "good", "is off"),
        (
            &[
                ("JAN_CODE_RUNNER", "bubblewrap"),
                ("JAN_CODE_BUBBLEWRAP", nowhere),
            ][..],
            "warning",
            "no sandbox can be made",
        ),
        (
            &[("SANDBOX_FUSION_URL", "http://127.0.0.1:9")][..],
            "warning",
            "is not offered",
        ),
    ] {
        let desk = Desk::new()
            .with("DATABASE_URL", "postgres://jan@127.0.0.1:9/jan")
            .with("JAN_DEFAULT_NODE_URL", "http://127.0.0.1:9/v1")
            .with("JAN_PORT", "0");
        let desk = settings
            .iter()
            .fold(desk, |desk, (name, value)| desk.with(name, *value));
        let said = desk.run(&["doctor", "--json"]);
        let diagnosis: Value = serde_json::from_str(&said.out).unwrap();
        let check = state_of(&diagnosis, "code");
        assert_eq!(check["state"], state, "{check}");
        assert!(check["says"].as_str().unwrap().contains(says), "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_asked_and_what_is_wrong_with_it_is_named() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    let settings = server.settings();
    let secret = settings.secret_key.unwrap();
    let with_secret = |secret: &str| {
        Desk::new()
            .with("MEDIA_S3_BUCKET", settings.bucket.clone().unwrap())
            .with("MEDIA_S3_ENDPOINT", settings.endpoint.clone().unwrap())
            .with("MEDIA_S3_ACCESS_KEY", settings.access_key.clone().unwrap())
            .with("MEDIA_S3_SECRET_KEY", secret)
    };
    let media = |desk: Desk| {
        let said = desk.run(&["doctor", "--json"]);
        let diagnosis: Value = serde_json::from_str(&said.out).unwrap();
        state_of(&diagnosis, "media").clone()
    };
    let good = media(with_secret(secret.expose()));
    assert_eq!(good["says"], "the bucket 'jan-media' answers");
    let wrong = media(with_secret("another"));
    assert_eq!(wrong["state"], "warning", "{wrong}");
    let says = wrong["says"].as_str().unwrap();
    assert!(says.contains("SignatureDoesNotMatch"), "{says}");
    let half = media(Desk::new().with("MEDIA_S3_BUCKET", "b"));
    assert_eq!(half["state"], "problem", "{half}");
    assert!(
        half["says"]
            .as_str()
            .unwrap()
            .contains("media.s3_access_key")
    );
}
