use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures::future::join_all;
use jan_domain::ports::{ModelCatalog, ModelEntry, ModelRoute};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::OpenAiProvider;
use super::discovery::{ListedModel, list_models};
use super::offer::Offer;
use super::settings::{ModelSetting, ProviderSettings, ProviderSetupError};

/// Time between two looks that unknown models cause.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// The first pause while a provider has never answered; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The configured providers in their order, and what they offer. The first that offers a model
/// serves it; within a provider, configured models come before discovered ones.
///
/// What a provider listed last stays on offer while it is away: a call then fails with the true
/// reason instead of an unknown model.
pub struct ProviderCatalog {
    sources: Vec<Source>,
    /// Read for every call, written when a list has changed.
    offer: RwLock<Offer>,
    /// What was listed last, in the order of `sources`. The lock is held while looking, so that
    /// many who ask at once cause one look.
    lists: Mutex<Lists>,
    unknown_asked: Notify,
}

struct Source {
    name: Arc<str>,
    provider: OpenAiProvider,
    models: Vec<ModelSetting>,
    discover: bool,
    discover_every: Duration,
}

struct Lists {
    last: Vec<Listing>,
    looked_at: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq)]
enum Listing {
    Never,
    Listed(Vec<ListedModel>),
    /// It listed these once and does not answer now.
    Away(Vec<ListedModel>),
}

impl ProviderCatalog {
    /// Offers the configured models at once. Discovered ones follow with [`Self::refresh`] or
    /// [`Self::keep_fresh`].
    pub fn try_new(settings: Vec<ProviderSettings>) -> Result<Self, ProviderSetupError> {
        let mut sources: Vec<Source> = Vec::with_capacity(settings.len());
        for settings in settings {
            if sources.iter().any(|source| *source.name == settings.name) {
                return Err(ProviderSetupError::SameName {
                    provider: settings.name,
                });
            }
            sources.push(Source {
                provider: OpenAiProvider::try_new(&settings)?,
                name: settings.name.into(),
                models: settings.models,
                discover: settings.discover,
                discover_every: settings.limits.discover_every,
            });
        }
        let last = vec![Listing::Never; sources.len()];
        let offer = RwLock::new(offer(&sources, &last));
        let lists = Mutex::new(Lists {
            last,
            looked_at: None,
        });
        Ok(Self {
            sources,
            offer,
            lists,
            unknown_asked: Notify::new(),
        })
    }

    /// Asks every provider that is to be discovered for its models, all at once.
    pub async fn refresh(&self) {
        self.look(&mut *self.lists.lock().await).await;
    }

    /// The same, unless somebody looked a few seconds ago or is looking now. For a model that
    /// nobody offers: it may have been added a moment ago.
    pub async fn refresh_now(&self) {
        let mut lists = self.lists.lock().await;
        if lists
            .looked_at
            .is_none_or(|looked_at| looked_at.elapsed() >= LOOK_AGAIN_AFTER)
        {
            self.look(&mut lists).await;
        }
    }

    /// Keeps the offer up to date until told to stop: quickly while a provider has never answered,
    /// then at the configured pace, and soon after an unknown model was asked for.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        let discovered = self.sources.iter().filter(|source| source.discover);
        let Some(pace) = discovered.map(|source| source.discover_every).min() else {
            return;
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let looked = async {
                self.refresh().await;
                if self.silent_providers().is_empty() {
                    pace
                } else {
                    pause.min(pace)
                }
            };
            let Some(wait) = stop.run_until_cancelled(looked).await else {
                return;
            };
            if pause == FIRST_PAUSE {
                self.announce_silence();
            }
            pause = pause.saturating_mul(2).min(pace);
            let woken = async {
                self.unknown_asked.notified().await;
                tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                () = woken => {}
            }
        }
    }

    /// Providers that should list their models and never did.
    pub fn silent_providers(&self) -> Vec<Arc<str>> {
        self.offer().silent().to_vec()
    }

    fn announce_silence(&self) {
        for name in self.silent_providers() {
            tracing::info!(
                provider.name = &*name,
                "waiting for provider {name} to list its models"
            );
        }
    }

    async fn look(&self, lists: &mut Lists) {
        let looks = self.sources.iter().zip(&lists.last);
        let found = join_all(looks.map(|(source, last)| source.look(last))).await;
        lists.looked_at = Some(Instant::now());
        if found != lists.last {
            let offer = offer(&self.sources, &found);
            *self.offer.write().unwrap_or_else(PoisonError::into_inner) = offer;
            lists.last = found;
        }
    }

    fn offer(&self) -> RwLockReadGuard<'_, Offer> {
        self.offer.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelCatalog for ProviderCatalog {
    fn list(&self) -> Vec<ModelEntry> {
        self.offer().entries().to_vec()
    }

    /// A model that nobody offers makes [`ProviderCatalog::keep_fresh`] look again soon.
    fn find(&self, model: &str) -> Option<ModelRoute> {
        let route = self.offer().route(model).cloned();
        if route.is_none() {
            self.unknown_asked.notify_one();
        }
        route
    }
}

impl Source {
    /// What the provider lists now; says in the log when that changes from answering to silence
    /// or back.
    async fn look(&self, last: &Listing) -> Listing {
        if !self.discover {
            return Listing::Never;
        }
        let name = &*self.name;
        match (list_models(self.provider.upstream()).await, last) {
            (Ok(models), Listing::Listed(_)) => Listing::Listed(models),
            (Ok(models), _) => {
                let count = models.len();
                tracing::info!(
                    provider.name = name,
                    count,
                    "provider {name} lists {count} models"
                );
                Listing::Listed(models)
            }
            (Err(_), Listing::Never) => Listing::Never,
            (Err(_), Listing::Away(models)) => Listing::Away(models.clone()),
            (Err(failure), Listing::Listed(models)) => {
                tracing::warn!(provider.name = name, %failure, "provider {name} lists no models");
                Listing::Away(models.clone())
            }
        }
    }
}

impl Listing {
    fn models(&self) -> &[ListedModel] {
        match self {
            Self::Never => &[],
            Self::Listed(models) | Self::Away(models) => models,
        }
    }
}

fn offer(sources: &[Source], listings: &[Listing]) -> Offer {
    let mut offer = Offer::default();
    for (source, listing) in sources.iter().zip(listings) {
        offer.add(
            &source.name,
            &source.provider,
            &source.models,
            listing.models(),
        );
        if source.discover && *listing == Listing::Never {
            offer.add_silent(&source.name);
        }
    }
    offer
}
