//! The adapter of the `ModelProvider` and `ModelCatalog` ports, on real sockets.

mod catalog;
mod contract;
mod load;
mod raw_upstream;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::ModelProvider;
use jan_infra::model_provider::{OpenAiProvider, ProviderLimits, ProviderSettings};

/// A provider behind this base URL that is patient enough for a busy machine and no more.
fn settings(base_url: impl Into<String>) -> ProviderSettings {
    let limits = ProviderLimits {
        first_byte: Duration::from_secs(2),
        first_byte_whole: Duration::from_secs(2),
        silence: Duration::from_secs(1),
        ..ProviderLimits::default()
    };
    ProviderSettings {
        limits,
        ..ProviderSettings::new("scripted", base_url)
    }
}

fn provider(settings: &ProviderSettings) -> Arc<dyn ModelProvider> {
    Arc::new(OpenAiProvider::try_new(settings).expect("a provider"))
}
