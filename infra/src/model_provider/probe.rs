use jan_domain::ports::ProviderFailure;

use super::client::OpenAiProvider;
use super::discovery::list_models;
use super::settings::{ProviderSettings, ProviderSetupError};

/// Why a provider listed no models.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It cannot be asked with these settings.
    #[error(transparent)]
    Setup(#[from] ProviderSetupError),
    /// It was asked.
    #[error(transparent)]
    Failed(#[from] ProviderFailure),
}

/// Asks a provider now how many models it lists.
pub async fn count_models(settings: &ProviderSettings) -> Result<usize, ProbeError> {
    let provider = OpenAiProvider::try_new(settings)?;
    Ok(list_models(provider.upstream()).await?.len())
}
