//! The tool `python_exec`: its contract, its arguments, and the caller's word.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jan_domain::id::StepId;
use jan_domain::ports::{ToolCall, ToolFailure, ToolPlace, ToolResult, ToolServer};
use jan_domain::response::EffectClass;
use jan_infra::code::{Approval, Artifact, CodeRunner, Program, PythonExec, Run, RunOutcome};
use serde_json::{Value, json};

use super::owner;

/// Runs nothing, remembers what it was to run, and answers what it is told.
struct Scripted {
    run: Run,
    asked: Mutex<Vec<Program>>,
}

impl Scripted {
    fn answering(run: Run) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self { run, asked })
    }

    fn asked(&self) -> Vec<Program> {
        self.asked.lock().unwrap().clone()
    }
}

impl CodeRunner for Scripted {
    fn run(&self, program: Program) -> BoxFuture<'static, Result<Run, ToolFailure>> {
        self.asked.lock().unwrap().push(program);
        let run = self.run.clone();
        Box::pin(async move { Ok(run) })
    }

    fn describe(&self) -> &'static str {
        "Runs nothing."
    }

    fn languages(&self) -> &'static [&'static str] {
        &["python", "bash"]
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Idempotent
    }
}

fn finished() -> Run {
    Run {
        outcome: RunOutcome::Finished,
        stdout: "a\0b\n".to_owned(),
        stderr: String::new(),
        output_cut: false,
        value: Some("42".to_owned()),
        error: None,
        artifacts: Vec::new(),
        warning: None,
        took: Duration::from_millis(7),
        peak_memory_bytes: Some(1000),
    }
}

async fn call(tool: &PythonExec, arguments: Value) -> Result<ToolResult, ToolFailure> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    tool.call(ToolCall {
        server: ToolServer {
            label: "jan".to_owned(),
            place: ToolPlace::Own,
        },
        tool: PythonExec::NAME.to_owned(),
        arguments,
        step: StepId::parse("step_7").unwrap(),
        owner: owner("user_1"),
        traceparent: None,
        request_id: String::new(),
        keeps_content: true,
    })
    .await
}

#[tokio::test]
async fn a_result_is_one_text_and_the_same_as_a_value() {
    let runner = Scripted::answering(finished());
    let tool = PythonExec::new(runner.clone(), Approval::Never);
    let arguments = json!({"code": "x", "session_id": "s.1", "language": "bash"});
    let result = call(&tool, arguments).await.unwrap();
    let expected = json!({
        "stdout": "a\u{fffd}b\n", "stderr": "", "value": "42", "error": null,
        "outcome": "finished", "output_cut": false, "warning": null, "duration_ms": 7,
        "peak_memory_bytes": 1000, "session_id": "s.1", "artifacts": [],
    });
    assert_eq!(result.structured, Some(expected.clone()));
    assert_eq!(
        serde_json::from_str::<Value>(&result.told()).unwrap(),
        expected
    );
    assert!(!result.is_error);
    let asked = &runner.asked()[0];
    assert_eq!(
        (asked.language.as_str(), asked.session.as_deref()),
        ("bash", Some("s.1"))
    );
    assert_eq!(
        (&asked.owner, asked.step.as_str()),
        (&owner("user_1"), "step_7")
    );
    let schema = tool.offer().output_schema.unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(
            expected.get(required.as_str().unwrap()).is_some(),
            "{required}"
        );
    }
}

#[tokio::test]
async fn a_model_is_told_of_files_and_a_client_has_them() {
    let artifact = |name: &str, bytes| Artifact {
        name: name.to_owned(),
        media_type: "text/plain",
        size: 3,
        bytes,
    };
    let run = Run {
        artifacts: vec![
            artifact("a.txt", Some(b"abc".to_vec())),
            artifact("b.txt", None),
        ],
        ..finished()
    };
    let tool = PythonExec::new(Scripted::answering(run), Approval::Never);
    let result = call(&tool, json!({"code": "x"})).await.unwrap();
    let whole = result.structured.as_ref().unwrap();
    assert_eq!(
        whole["artifacts"],
        json!([
            {"name": "a.txt", "id": null, "url": "data:text/plain;base64,YWJj", "type": "text/plain", "size": 3},
            {"name": "b.txt", "id": null, "url": null, "type": "text/plain", "size": 3},
        ])
    );
    assert!(!result.told().contains("YWJj"));
}

#[tokio::test]
async fn wrong_arguments_are_refused_by_name_and_nothing_is_run() {
    let runner = Scripted::answering(finished());
    let tool = PythonExec::new(runner.clone(), Approval::Never);
    for (arguments, named) in [
        (json!({}), "code"),
        (json!({"code": 1}), "code"),
        (json!({"code": ["x"]}), "code"),
        (json!({"code": "x".repeat(300_000)}), "code"),
        (json!({"code": "x", "language": "cobol"}), "language"),
        (json!({"code": "x", "language": 3}), "language"),
        (json!({"code": "x", "session_id": ""}), "session_id"),
        (json!({"code": "x", "session_id": "a b"}), "session_id"),
        (json!({"code": "x", "session_id": "../x"}), "session_id"),
        (
            json!({"code": "x", "session_id": "x".repeat(129)}),
            "session_id",
        ),
        (json!({"code": "x", "session_id": 5}), "session_id"),
        (json!({"code": "x", "approved": "yes"}), "approved"),
    ] {
        match call(&tool, arguments).await {
            Err(ToolFailure::Refused(words)) => assert!(words.contains(named), "{words}"),
            other => panic!("{named}: {other:?}"),
        }
    }
    assert!(runner.asked().is_empty());
}

#[tokio::test]
async fn without_the_callers_word_nothing_is_run_where_it_is_needed() {
    let of = |account: &str| Approval::Of(BTreeSet::from([account.to_owned()]));
    for (approval, needed) in [
        (Approval::Never, false),
        (Approval::Always, true),
        (of("user_1"), true),
        (of("user_2"), false),
    ] {
        let runner = Scripted::answering(finished());
        let tool = PythonExec::new(runner.clone(), approval.clone());
        for unapproved in [
            json!({"code": "x"}),
            json!({"code": "x", "approved": false}),
        ] {
            let result = call(&tool, unapproved).await.unwrap();
            let outcome = if needed {
                "approval_required"
            } else {
                "finished"
            };
            assert_eq!(
                result.structured.unwrap()["outcome"],
                outcome,
                "{approval:?}"
            );
            assert_eq!(result.is_error, needed);
        }
        assert_eq!(runner.asked().is_empty(), needed);
        let approved = call(&tool, json!({"code": "x", "approved": true})).await;
        assert!(!approved.unwrap().is_error);
    }
}

#[tokio::test]
async fn a_program_that_raises_is_no_failure_of_the_tool() {
    for (outcome, is_error) in [
        (RunOutcome::Finished, false),
        (RunOutcome::Raised, false),
        (RunOutcome::TimedOut, true),
        (RunOutcome::OutOfMemory, true),
        (RunOutcome::Killed, true),
    ] {
        let run = Run {
            outcome,
            ..finished()
        };
        let tool = PythonExec::new(Scripted::answering(run), Approval::Never);
        let result = call(&tool, json!({"code": "x"})).await.unwrap();
        assert_eq!(result.is_error, is_error, "{outcome:?}");
    }
}
