//! CPython behind bubblewrap, where there is one. Where there is none, that is told.

use std::path::PathBuf;

use jan_infra::code::{CodeSettings, CodeSetupError, RunOutcome, RunnerKind, select_runner};

use super::{code, in_session, runner, settings};

fn boxed() -> CodeSettings {
    CodeSettings {
        runner: Some(RunnerKind::Bubblewrap),
        ..settings()
    }
}

#[tokio::test]
async fn a_sandbox_that_cannot_be_made_is_told() {
    let without = CodeSettings {
        bubblewrap: PathBuf::from("/nowhere/bwrap"),
        ..boxed()
    };
    let failure = select_runner(&without, None).await.err();
    assert!(
        matches!(failure, Some(CodeSetupError::NoSandbox)),
        "{failure:?}"
    );
}

#[tokio::test]
#[ignore = "needs bubblewrap"]
async fn a_whole_python_gives_output_value_and_files() {
    let runner = runner(&boxed()).await;
    let text = "import csv, sys, os, statistics\n\
                print('out')\nprint('err', file=sys.stderr)\n\
                os.makedirs('a')\nopen('a/t.csv', 'w').write('1,2')\n\
                os.symlink('/etc/passwd', 'link')\nopen('big', 'wb').write(b'x' * 2_000_000)\n\
                statistics.mean([1, 2, 6])";
    let run = runner.run(code(text)).await.unwrap();
    assert_eq!(run.outcome, RunOutcome::Finished, "{run:?}");
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(run.value.as_deref(), Some("3"));
    let files: Vec<_> = run
        .artifacts
        .iter()
        .map(|it| (it.name.as_str(), it.media_type, it.size, it.bytes.is_some()))
        .collect();
    assert_eq!(
        files,
        [
            ("big", "application/octet-stream", 2_000_000, false),
            ("a/t.csv", "text/csv", 3, true),
        ]
    );
    assert_eq!(run.artifacts[1].bytes.as_deref(), Some(&b"1,2"[..]));
}

#[tokio::test]
#[ignore = "needs bubblewrap"]
async fn every_program_starts_anew() {
    let runner = runner(&boxed()).await;
    let first = in_session(
        "user_1",
        "s",
        "step_1",
        "x = 1\nopen('left', 'w').write('x')",
    );
    let first = runner.run(first).await.unwrap();
    assert_eq!(first.warning.as_deref(), Some("sessions are not kept here"));
    let second = in_session(
        "user_1",
        "s",
        "step_2",
        "import os\nprint(os.listdir('.'))\nx",
    );
    let second = runner.run(second).await.unwrap();
    assert_eq!(second.outcome, RunOutcome::Raised);
    assert_eq!(second.stdout, "[]\n");
    assert_eq!(
        second.error.as_deref(),
        Some("NameError: name 'x' is not defined")
    );
}
