use std::sync::Arc;

use jan_domain::caller::Owner;
use jan_domain::ports::{Clock, PageQuery, PageStore, ReadFailure};
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::brave::Brave;
use super::engine::{Answer, Engine, EngineFailure};
use super::exa::Exa;
use super::question::{Hit, Question};
use super::searxng::Searxng;
use super::serper::Serper;
use super::settings::{EngineName, EngineSettings, SearchSettings, SearchSetupError};
use super::station::Station;
use super::tavily::Tavily;
use crate::model_provider::install_crypto;

/// What our own index is called among the engines.
const INDEX: &str = "index";

/// Whoever is asked for the web.
pub struct Searcher {
    stations: Vec<Station>,
    client: reqwest::Client,
    pages: Arc<dyn PageStore>,
    clock: Arc<dyn Clock>,
    settings: SearchSettings,
}

/// What was found, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The engine that answered: one of the web, or `index`.
    pub engine: &'static str,
    /// `live`, or why it is our own index that answers.
    pub status: String,
    /// The results, best first.
    pub hits: Vec<Hit>,
    /// What the engine said beside them.
    pub beside: Map<String, Value>,
    /// Engines that were asked in vain or not worth asking, and why.
    pub in_vain: Vec<(&'static str, &'static str)>,
}

impl Found {
    /// Whether the web was asked for this answer.
    pub fn is_live(&self) -> bool {
        self.engine != INDEX
    }
}

/// Why there is no answer at all.
#[derive(Debug, thiserror::Error)]
pub enum SearchFailure {
    /// The caller wants an engine that is not set up.
    #[error("the search engine '{wanted}' is not set up here; there is: {}", known.join(", "))]
    UnknownEngine {
        /// Which one.
        wanted: String,
        /// Which there are.
        known: Vec<&'static str>,
    },
    /// Our own index could not be asked.
    #[error("nothing could be searched just now")]
    Index(#[from] ReadFailure),
}

impl Searcher {
    /// Sets everything up, without connecting.
    pub fn try_new(
        settings: &SearchSettings,
        pages: Arc<dyn PageStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SearchSetupError> {
        let mut names = settings.engines.clone();
        names.extend(EngineName::ALL);
        let mut stations: Vec<Station> = Vec::new();
        for name in names {
            let known = stations.iter().any(|station| station.name() == name);
            if !known && let Some(engine) = engine(name, settings)? {
                stations.push(Station::of(engine));
            }
        }
        install_crypto();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .timeout(settings.timeout)
            .build()?;
        Ok(Self {
            stations,
            client,
            pages,
            clock,
            settings: settings.clone(),
        })
    }

    /// The engines that are set up, in the order in which they are asked.
    pub fn engines(&self) -> Vec<&'static str> {
        let names = self.stations.iter().map(|station| station.name().as_str());
        names.chain([INDEX]).collect()
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &SearchSettings {
        &self.settings
    }

    /// Asks one engine after the other, or the one that is wanted, and at last our own index.
    pub async fn search(
        &self,
        owner: &Owner,
        question: &Question,
        (wanted, offline): (Option<&str>, bool),
    ) -> Result<Found, SearchFailure> {
        if let Some(wanted) = wanted.filter(|wanted| !self.engines().contains(wanted)) {
            return Err(SearchFailure::UnknownEngine {
                wanted: wanted.to_owned(),
                known: self.engines(),
            });
        }
        if offline || self.settings.offline || wanted == Some(INDEX) {
            return self
                .look_up(owner, question, "offline_mode".to_owned(), Vec::new())
                .await;
        }
        let mut in_vain = Vec::new();
        let deadline = Instant::now() + self.settings.total;
        let asked = self.stations.iter();
        let asked = asked.filter(|station| wanted.is_none_or(|it| it == station.name().as_str()));
        for station in asked {
            let name = station.name().as_str();
            if !station.admits() {
                in_vain.push((name, "unavailable"));
                continue;
            }
            let answer = station.ask(&self.client, question, self.clock.now());
            let answer = timeout_at(deadline, answer).await;
            match answer.unwrap_or(Err(EngineFailure::TimedOut)) {
                Ok(answer) => return Ok(found(name, answer, in_vain)),
                Err(failure) => {
                    tracing::warn!(
                        search.engine = name,
                        "the search engine {name} gave no answer: {failure}"
                    );
                    in_vain.push((name, failure.as_str()));
                }
            }
        }
        let status = match in_vain.first() {
            None => "unconfigured".to_owned(),
            Some((name, "unavailable")) => format!("{name}_unavailable"),
            Some((name, _)) => format!("{name}_error"),
        };
        self.look_up(owner, question, status, in_vain).await
    }

    async fn look_up(
        &self,
        owner: &Owner,
        question: &Question,
        status: String,
        in_vain: Vec<(&'static str, &'static str)>,
    ) -> Result<Found, SearchFailure> {
        let query = PageQuery {
            owner: owner.clone(),
            text: question.text.clone(),
            hosts: question.hosts.clone(),
            since: question.recency.map(|age| age.since(self.clock.now())),
            limit: question.results_max,
            offset: question.results_before(),
        };
        let hits = self.pages.search(&query).await?;
        let hits = hits.into_iter().map(|hit| Hit {
            title: hit.title,
            url: hit.url,
            snippet: hit.snippet,
            published: None,
            fetched_at: Some(hit.fetched_at),
        });
        Ok(Found {
            engine: INDEX,
            status,
            hits: hits.collect(),
            beside: Map::new(),
            in_vain,
        })
    }
}

fn found(
    engine: &'static str,
    answer: Answer,
    in_vain: Vec<(&'static str, &'static str)>,
) -> Found {
    Found {
        engine,
        status: "live".to_owned(),
        hits: answer.hits,
        beside: answer.beside,
        in_vain,
    }
}

/// An engine, if it is set up.
fn engine(
    name: EngineName,
    settings: &SearchSettings,
) -> Result<Option<Box<dyn Engine>>, SearchSetupError> {
    let keyed = |engine: &EngineSettings| {
        let Some(key) = engine.key.clone() else {
            return Ok(None);
        };
        if HeaderValue::from_str(key.expose()).is_err() {
            return Err(SearchSetupError::Key(name.as_str()));
        }
        Ok(Some((base_url(name, &engine.url)?, key)))
    };
    Ok(match name {
        EngineName::Serper => keyed(&settings.serper)?
            .map(|(base_url, key)| Box::new(Serper { base_url, key }) as Box<dyn Engine>),
        EngineName::Brave => keyed(&settings.brave)?
            .map(|(base_url, key)| Box::new(Brave { base_url, key }) as Box<dyn Engine>),
        EngineName::Tavily => keyed(&settings.tavily)?
            .map(|(base_url, key)| Box::new(Tavily { base_url, key }) as Box<dyn Engine>),
        EngineName::Exa => keyed(&settings.exa)?
            .map(|(base_url, key)| Box::new(Exa { base_url, key }) as Box<dyn Engine>),
        EngineName::Searxng => match &settings.searxng_url {
            Some(url) => Some(Box::new(Searxng {
                base_url: base_url(name, url)?,
            })),
            None => None,
        },
    })
}

fn base_url(name: EngineName, text: &str) -> Result<String, SearchSetupError> {
    let refused = || SearchSetupError::Url(name.as_str());
    let url = Url::parse(text).map_err(|_| refused())?;
    let bare = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !bare {
        return Err(refused());
    }
    Ok(text.trim_end_matches('/').to_owned())
}
