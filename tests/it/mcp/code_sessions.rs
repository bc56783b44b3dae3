//! Sessions of programs: any process goes on with them, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use jan_commands::store::CodeSessions;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{CodeSession, CodeSessionStore};
use jan_infra::code::CodeSettings;
use jan_tests::app::{App, Setup};
use jan_tests::process::program;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{call, result_of};

async fn app(session_idle: Duration) -> App {
    let code = CodeSettings {
        program: Some(program()),
        session_idle,
        ..CodeSettings::default()
    };
    let setup = Setup {
        code: Some(code),
        ..Setup::default()
    };
    App::start_with(setup).await
}

const LONG: Duration = Duration::from_mins(30);

async fn run(client: &Client, session: &str, code: &str) -> Value {
    let arguments = json!({"code": code, "session_id": session});
    let mut result = result_of(call(client, "python_exec", &arguments)).await;
    result["structuredContent"].take()
}

async fn rows(app: &App) -> i64 {
    let count = sqlx::query_scalar("select count(*) from code_sessions");
    count.fetch_one(app.pool()).await.unwrap()
}

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    }
}

fn sessions(app: &App, idle: Duration, most: usize) -> CodeSessions {
    CodeSessions::new(app.pool().clone(), Arc::new(app.keys()), idle, most)
}

fn at(version: i64, picture: &str) -> CodeSession {
    CodeSession {
        version,
        picture: picture.as_bytes().to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_with_a_session_and_nobody_else() {
    let app = app(LONG).await;
    assert_eq!(run(&app, "mine", "x = 40").await["outcome"], "finished");
    let second = app.second_node().await;
    let there = second.with_token(app.token());
    assert_eq!(run(&there, "mine", "y = 2\nx + y").await["value"], "42");
    let back = run(&app, "mine", "x * y").await;
    assert_eq!(
        (&back["value"], &back["warning"]),
        (&json!("80"), &Value::Null)
    );
    for (client, session) in [(&there, "other"), (&second as &Client, "mine")] {
        let told = run(client, session, "x").await;
        assert_eq!(told["outcome"], "raised", "{told}");
        assert!(
            told["error"].as_str().unwrap().contains("NameError"),
            "{told}"
        );
    }
    // A program that raises leaves what was there.
    assert_eq!(run(&there, "mine", "1 / 0").await["outcome"], "raised");
    assert_eq!(run(&app, "mine", "x").await["value"], "40");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_holds_lies_sealed_and_goes_with_its_owner() {
    let app = app(LONG).await;
    let other = app.guest().await;
    run(&app, "my-plans-7f31", "plan = 'marmalade-7f31'\nplan").await;
    run(&other, "theirs", "plan = 'tea'").await;
    let kept: Vec<(String, Option<String>)> = sqlx::query_as(
        "select encode(picture, 'escape') || encode(session_hash, 'escape'), key_id \
         from code_sessions",
    )
    .fetch_all(app.pool())
    .await
    .unwrap();
    assert_eq!(kept.len(), 2);
    for (readable, key) in kept {
        assert!(key.is_some());
        assert!(
            !readable.contains("7f31") && !readable.contains("tea"),
            "{readable}"
        );
    }
    app.delete("/auth/me").await.expect_status(200);
    assert_eq!(rows(&app).await, 1);
    assert_eq!(run(&other, "theirs", "plan").await["value"], "'tea'");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_run_that_keeps_nothing_no_session_is_kept() {
    let app = app(LONG).await;
    for (code, logs) in [("x = 6", ""), ("x * 7", "42")] {
        let arguments = json!({"code": code, "session_id": "s"});
        let body = json!({"model": jan_tests::given::MODEL, "store": false,
            "input": format!("call tool code_interpreter with {arguments}"),
            "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}],
            "include": ["code_interpreter_call.outputs"]});
        let told = app.post("/v1/responses", body).await;
        let told = told.expect_status(200).json();
        assert_eq!(told["output"][0]["outputs"][0]["logs"], logs, "{told}");
    }
    assert_eq!(rows(&app).await, 0);
    assert_eq!(run(&app, "s", "x").await["outcome"], "raised");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_is_forgotten() {
    let app = app(Duration::from_secs(1)).await;
    run(&app, "s", "x = 1").await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(run(&app, "s", "x").await["outcome"], "raised");
    assert_eq!(run(&app, "s", "x = 2").await["warning"], Value::Null);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let sessions = sessions(&app, Duration::from_secs(1), 9);
    assert_eq!((sessions.prune().await.unwrap(), rows(&app).await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_at_once_one_keeps_what_it_changed() {
    let app = App::start().await;
    let sessions = sessions(&app, LONG, 2);
    let ann = owner("user_ann");
    assert_eq!(sessions.find(&ann, "s").await.unwrap(), None);
    assert!(sessions.keep(&ann, "s", &at(1, "a")).await.unwrap());
    assert!(!sessions.keep(&ann, "s", &at(1, "b")).await.unwrap());
    assert!(!sessions.keep(&ann, "s", &at(3, "b")).await.unwrap());
    assert!(sessions.keep(&ann, "s", &at(2, "b")).await.unwrap());
    assert_eq!(sessions.find(&ann, "s").await.unwrap(), Some(at(2, "b")));
    assert_eq!(sessions.find(&owner("user_bob"), "s").await.unwrap(), None);

    // The third one makes the one go that was used longest ago, and nobody else's.
    let bob = owner("user_bob");
    assert!(sessions.keep(&bob, "s", &at(1, "bob's")).await.unwrap());
    for name in ["t", "u"] {
        assert!(sessions.keep(&ann, name, &at(1, name)).await.unwrap());
    }
    assert_eq!(sessions.find(&ann, "s").await.unwrap(), None);
    assert_eq!(sessions.find(&ann, "t").await.unwrap(), Some(at(1, "t")));
    assert_eq!(
        sessions.find(&bob, "s").await.unwrap(),
        Some(at(1, "bob's"))
    );

    // A picture opens at its own place only.
    let moved = "update code_sessions set version = 5 where account_id = 'user_bob'";
    sqlx::query(moved).execute(app.pool()).await.unwrap();
    assert!(sessions.find(&bob, "s").await.is_err());
}
