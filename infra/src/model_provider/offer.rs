use std::collections::HashMap;
use std::sync::Arc;

use jan_domain::ports::{ModelEntry, ModelRoute};

use super::client::OpenAiProvider;
use super::discovery::ListedModel;
use super::settings::ModelSetting;

/// What all providers offer at one moment; replaced as a whole.
#[derive(Default)]
pub(super) struct Offer {
    entries: Vec<ModelEntry>,
    routes: HashMap<String, ModelRoute>,
    silent: Vec<Arc<str>>,
}

impl Offer {
    /// Adds what one provider offers. A name that is taken stays with who took it.
    pub(super) fn add(
        &mut self,
        provider_name: &Arc<str>,
        provider: &OpenAiProvider,
        configured: &[ModelSetting],
        discovered: &[ListedModel],
    ) {
        let configured = configured.iter().map(|model| Offered {
            id: &model.id,
            upstream: model.upstream.as_deref().unwrap_or(&model.id),
            created: model.created,
            owned_by: model.owned_by.as_deref(),
        });
        let discovered = discovered.iter().map(|model| Offered {
            id: &model.id,
            upstream: &model.id,
            created: model.created,
            owned_by: model.owned_by.as_deref(),
        });
        for model in configured.chain(discovered) {
            if self.routes.contains_key(model.id) {
                continue;
            }
            let route = ModelRoute {
                provider_name: Arc::clone(provider_name),
                upstream_model: model.upstream.into(),
                provider: Arc::new(provider.for_model(model.upstream)),
            };
            self.routes.insert(model.id.to_owned(), route);
            self.entries.push(ModelEntry {
                id: model.id.to_owned(),
                created: model.created,
                owned_by: model.owned_by.unwrap_or(provider_name).to_owned(),
            });
        }
    }

    /// Notes a provider whose offer is not known yet.
    pub(super) fn add_silent(&mut self, provider_name: &Arc<str>) {
        self.silent.push(Arc::clone(provider_name));
    }

    pub(super) fn silent(&self) -> &[Arc<str>] {
        &self.silent
    }

    pub(super) fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    pub(super) fn route(&self, model: &str) -> Option<&ModelRoute> {
        self.routes.get(model)
    }
}

struct Offered<'a> {
    id: &'a str,
    upstream: &'a str,
    created: i64,
    owned_by: Option<&'a str>,
}
