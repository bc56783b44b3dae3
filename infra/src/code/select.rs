use std::io;
use std::sync::Arc;

use super::bubblewrap::{Bubblewrap, prove};
use super::monty::Monty;
use super::runner::CodeRunner;
use super::sandbox_fusion::SandboxFusion;
use super::settings::{CodeSettings, RunnerKind};

/// Why there is nobody to run code.
#[derive(Debug, thiserror::Error)]
pub enum CodeSetupError {
    /// No process can be made of this program.
    #[error("no worker for code can be started")]
    Worker(#[from] io::Error),
    /// The sandbox cannot be made here, or does not hold.
    #[error("programs cannot be confined by bubblewrap: {0}")]
    Unconfined(String),
    /// There is no address.
    #[error("code.sandbox_fusion_url is not the address of a SandboxFusion")]
    Address,
    /// The HTTP client cannot be built.
    #[error("the client of SandboxFusion cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// Whoever runs code by these settings, once it is known that it can. To be called within a runtime.
pub async fn select_runner(
    settings: &CodeSettings,
) -> Result<Option<Arc<dyn CodeRunner>>, CodeSetupError> {
    Ok(match settings.kind() {
        RunnerKind::Off => None,
        RunnerKind::Monty => Some(Arc::new(Monty::start(settings)?)),
        RunnerKind::Bubblewrap => {
            let sandbox = Bubblewrap::new(settings)?;
            prove(&sandbox).await.map_err(CodeSetupError::Unconfined)?;
            Some(Arc::new(sandbox))
        }
        RunnerKind::SandboxFusion => {
            let url = settings.sandbox_fusion_url.as_deref().unwrap_or_default();
            let sandbox = SandboxFusion::try_new(url, &settings.limits)?;
            Some(Arc::new(sandbox.ok_or(CodeSetupError::Address)?))
        }
    })
}
