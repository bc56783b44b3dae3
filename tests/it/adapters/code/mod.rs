//! The adapters of `CodeRunner` in real processes, and the tool that they are offered as.

mod bubblewrap;
mod corpus;
mod hostile;
mod monty;
mod sandbox_fusion;
mod tool;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, StepId, TenantId};
use jan_infra::code::{CodeLimits, CodeRunner, CodeSettings, Program, RunnerKind, select_runner};
use jan_tests::process::program;

/// Limits that a machine with much to do still keeps to.
fn settings() -> CodeSettings {
    CodeSettings {
        runner: Some(RunnerKind::Monty),
        program: Some(program()),
        limits: CodeLimits {
            time: Duration::from_secs(10),
            memory_bytes: 64 << 20,
            ..CodeLimits::default()
        },
        ..CodeSettings::default()
    }
}

/// The same for programs that are not meant to end by themselves.
fn hurried(time: Duration) -> CodeSettings {
    let settings = settings();
    CodeSettings {
        limits: CodeLimits {
            time,
            ..settings.limits
        },
        ..settings
    }
}

async fn runner(settings: &CodeSettings) -> Arc<dyn CodeRunner> {
    let runner = select_runner(settings, None).await.expect("a runner");
    runner.expect("somebody runs code")
}

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    }
}

/// A program of its own, in no session.
fn code(text: &str) -> Program {
    Program {
        owner: owner("user_1"),
        step: StepId::parse("step_1").unwrap(),
        language: "python".to_owned(),
        code: text.to_owned(),
        session: None,
        keeps_session: true,
    }
}

/// A step of a session.
fn in_session(account: &str, session: &str, step: &str, text: &str) -> Program {
    Program {
        owner: owner(account),
        step: StepId::parse(step).unwrap(),
        session: Some(session.to_owned()),
        ..code(text)
    }
}
