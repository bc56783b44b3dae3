use std::io;
use std::sync::Arc;

use jan_domain::Caller;
use jan_domain::id::StepId;
use jan_domain::ports::CodeSessionStore;

use super::bubblewrap::{Bubblewrap, PROOF};
use super::monty::Monty;
use super::runner::{CodeRunner, Program, Run};
use super::sandbox_fusion::SandboxFusion;
use super::settings::{CodeSettings, RunnerKind};

/// Why there is nobody to run code.
#[derive(Debug, thiserror::Error)]
pub enum CodeSetupError {
    /// No process can be made of this program.
    #[error("no worker for code can be started")]
    Worker(#[from] io::Error),
    /// No sandbox can be made here.
    #[error(
        "no sandbox can be made: bubblewrap or Python is missing, or the kernel does not allow user \
         namespaces"
    )]
    NoSandbox,
    /// The sandbox does not hold.
    #[error("the sandbox does not hold: {0}")]
    Unconfined(String),
    /// There is no address.
    #[error("code.sandbox_fusion_url is not the address of a SandboxFusion")]
    Address,
    /// The HTTP client cannot be built.
    #[error("the client of SandboxFusion cannot be set up")]
    Client(#[from] reqwest::Error),
    /// It does not run what must run everywhere.
    #[error("it does not run a program that adds two numbers")]
    Useless,
}

/// Whoever runs code by these settings. A sandbox of ours is given out only once it has proved to
/// hold. Without a store, its sessions live as long as this process. To be called within a runtime.
pub async fn select_runner(
    settings: &CodeSettings,
    sessions: Option<Arc<dyn CodeSessionStore>>,
) -> Result<Option<Arc<dyn CodeRunner>>, CodeSetupError> {
    Ok(match settings.kind() {
        RunnerKind::Off => None,
        RunnerKind::Monty => Some(Arc::new(Monty::start(settings, sessions)?)),
        RunnerKind::Bubblewrap => {
            let sandbox = Bubblewrap::new(settings)?;
            prove(&sandbox).await?;
            Some(Arc::new(sandbox))
        }
        RunnerKind::SandboxFusion => {
            let url = settings.sandbox_fusion_url.as_deref().unwrap_or_default();
            let sandbox = SandboxFusion::try_new(url, &settings.limits)?;
            Some(Arc::new(sandbox.ok_or(CodeSetupError::Address)?))
        }
    })
}

/// Whether code would run by these settings.
pub async fn try_runner(settings: &CodeSettings) -> Result<(), CodeSetupError> {
    let Some(runner) = select_runner(settings, None).await? else {
        return Ok(());
    };
    match run(runner.as_ref(), "print(19 + 23)").await {
        Some(run) if run.stdout.trim_end() == "42" => Ok(()),
        _ => Err(CodeSetupError::Useless),
    }
}

async fn prove(sandbox: &Bubblewrap) -> Result<(), CodeSetupError> {
    let run = run(sandbox, PROOF).await;
    let run = run.ok_or(CodeSetupError::NoSandbox)?;
    if run.stdout == "held\n" {
        return Ok(());
    }
    let unsaid = || "a program could write to the system".to_owned();
    Err(CodeSetupError::Unconfined(run.error.unwrap_or_else(unsaid)))
}

async fn run(runner: &dyn CodeRunner, code: &str) -> Option<Run> {
    let step = StepId::parse("step_trial").expect("a prefix and letters make an id");
    let program = Program {
        owner: Caller::nobody().owner,
        step,
        language: "python".to_owned(),
        code: code.to_owned(),
        session: None,
        keeps_session: false,
    };
    // Why not is said where it happens.
    runner.run(program).await.ok()
}
