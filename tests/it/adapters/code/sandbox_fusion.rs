//! SandboxFusion, by the shape of its answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use jan_domain::ports::ToolFailure;
use jan_infra::code::{CodeRunner, CodeSettings, Run, RunOutcome, RunnerKind};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{code, in_session, runner, settings};

/// Something that answers `POST /run_code`, and remembers what it was asked.
struct Fake {
    runner: Arc<dyn CodeRunner>,
    asked: Arc<Mutex<Vec<Value>>>,
    _serving: JoinSet<()>,
}

impl Fake {
    async fn answering(status: u16, body: impl Into<String>) -> Self {
        let (body, asked) = (body.into(), Arc::<Mutex<Vec<Value>>>::default());
        let heard = Arc::clone(&asked);
        let answer = post(move |question: String| async move {
            let question = serde_json::from_str(&question).expect("JSON");
            heard.lock().unwrap().push(question);
            (StatusCode::from_u16(status).unwrap(), body)
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let router = Router::new().route("/run_code", answer);
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            runner: runner(&at(&url)).await,
            asked,
            _serving: serving,
        }
    }

    async fn run(&self) -> Result<Run, ToolFailure> {
        self.runner.run(code("print(1)")).await
    }
}

fn at(url: &str) -> CodeSettings {
    CodeSettings {
        runner: Some(RunnerKind::SandboxFusion),
        sandbox_fusion_url: Some(url.to_owned()),
        ..settings()
    }
}

fn answer(status: &str, run_result: &Value) -> String {
    json!({
        "status": status, "message": "", "compile_result": null, "run_result": run_result,
        "executor_pod_name": null, "files": {},
    })
    .to_string()
}

fn ran(status: &str, code: i32, stdout: &str, stderr: &str) -> Value {
    json!({"status": status, "execution_time": 0.03, "return_code": code, "stdout": stdout,
        "stderr": stderr})
}

#[tokio::test]
async fn a_program_is_asked_and_answered_in_its_words() {
    let body = answer("Success", &ran("Finished", 0, "1\n", ""));
    let fake = Fake::answering(200, body).await;
    let program = in_session("user_1", "s", "step_1", "print(1)");
    let run = fake.runner.run(program).await.unwrap();
    assert_eq!(
        (run.outcome, run.stdout.as_str()),
        (RunOutcome::Finished, "1\n")
    );
    assert_eq!(run.warning.as_deref(), Some("sessions are not kept here"));
    let asked = fake.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        [
            json!({"code": "print(1)", "language": "python", "run_timeout": 10.0,
            "compile_timeout": 10.0, "memory_limit_MB": 64})
        ]
    );
}

#[tokio::test]
async fn what_went_wrong_is_told_apart() {
    let compiled = json!({
        "status": "Failed", "message": "", "run_result": null,
        "compile_result": ran("Finished", 1, "", "main.cpp:1: error: no"),
    });
    for (body, outcome, error) in [
        (
            answer(
                "Failed",
                &ran("Finished", 1, "", "Traceback\nValueError: no\n"),
            ),
            RunOutcome::Raised,
            "ValueError: no",
        ),
        (
            answer("Failed", &ran("TimeLimitExceeded", -9, "so far", "")),
            RunOutcome::TimedOut,
            "it took longer than 10s",
        ),
        (
            answer("SandboxError", &Value::Null),
            RunOutcome::Killed,
            "the sandbox could not run it",
        ),
        (
            compiled.to_string(),
            RunOutcome::Raised,
            "main.cpp:1: error: no",
        ),
    ] {
        let run = Fake::answering(200, body).await.run().await.unwrap();
        assert_eq!((run.outcome, run.error.as_deref()), (outcome, Some(error)));
    }
}

#[tokio::test]
async fn its_files_are_a_strangers() {
    let files = json!({
        "a.png": "QUJD", "../up": "QUJD", "/etc/x": "QUJD", "a/../b": "QUJD", "bad": "***",
        "none": null,
    });
    let mut body: Value =
        serde_json::from_str(&answer("Success", &ran("Finished", 0, "", ""))).unwrap();
    body["files"] = files;
    let run = Fake::answering(200, body.to_string())
        .await
        .run()
        .await
        .unwrap();
    let names: Vec<_> = run.artifacts.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a.png"]);
    assert_eq!(run.artifacts[0].bytes.as_deref(), Some(&b"ABC"[..]));
    assert_eq!(run.artifacts[0].media_type, "image/png");
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failure_with_a_name() {
    for (status, body, expected) in [
        (200, "<html>busy</html>".to_owned(), ToolFailure::Garbled),
        (200, "{}".to_owned(), ToolFailure::Garbled),
        (200, "x".repeat(8 << 20), ToolFailure::TooLarge),
        (500, "Traceback".to_owned(), ToolFailure::Garbled),
        (302, String::new(), ToolFailure::Garbled),
        (
            422,
            "no".to_owned(),
            ToolFailure::Refused("status 422".to_owned()),
        ),
    ] {
        let failure = Fake::answering(status, body).await.run().await.unwrap_err();
        assert_eq!(failure, expected, "{status}");
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_run() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let runner = runner(&at(&format!("http://{address}"))).await;
    let failure = runner.run(code("print(1)")).await.unwrap_err();
    assert_eq!(failure, ToolFailure::Unreachable);
}
