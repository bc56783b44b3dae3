use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jan_domain::ports::{ToolFailure, ToolOffer};
use tokio::time::Instant;
use url::Url;

use super::endpoint::{Destination, Endpoint};
use super::headers::bearer;
use super::listing::Lists;
use super::sessions::Sessions;
use super::settings::{ToolServerSettings, ToolSetupError};
use crate::model_provider::install_crypto;

/// How long a server that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// Shorter than the five seconds after which most servers hang up, so that no call is sent into a
/// closing connection.
const CONNECTION_IDLE: Duration = Duration::from_secs(4);

/// The deployment's own tool servers, in the operator's order.
pub(super) struct OwnServers {
    servers: Vec<OwnServer>,
}

struct OwnServer {
    endpoint: Endpoint,
    allowed: HashSet<String>,
    /// When it last failed to list its tools, and has not done so since.
    failed: Mutex<Option<Instant>>,
}

impl OwnServers {
    pub(super) fn try_new(servers: &[ToolServerSettings]) -> Result<Self, ToolSetupError> {
        let mut names = HashSet::new();
        let mut own = Vec::with_capacity(servers.len());
        for settings in servers {
            if !names.insert(&settings.name) {
                return Err(ToolSetupError::SameName {
                    server: settings.name.clone(),
                });
            }
            own.push(OwnServer::try_new(settings)?);
        }
        Ok(Self { servers: own })
    }

    /// The tools of all servers that answer. Of two tools with one name the first is offered.
    pub(super) async fn offers(&self, sessions: &Sessions, lists: &Lists) -> Vec<ToolOffer> {
        let asked = self
            .servers
            .iter()
            .map(|server| server.offers(sessions, lists));
        let answers = join_all(asked).await;
        let mut names = HashSet::new();
        answers
            .into_iter()
            .flat_map(Result::unwrap_or_default)
            .filter(|offer| names.insert(offer.name.clone()))
            .collect()
    }

    /// The server that offers a tool. While one does not answer, it may be that one.
    pub(super) async fn find(
        &self,
        sessions: &Sessions,
        lists: &Lists,
        tool: &str,
    ) -> Result<&Endpoint, ToolFailure> {
        let lately = |server: &&OwnServer| {
            server.allows(tool) && lists.offered_lately(&server.endpoint, tool)
        };
        if let Some(server) = self.servers.iter().find(lately) {
            return Ok(&server.endpoint);
        }
        let mut silent = false;
        for server in &self.servers {
            match server.offers(sessions, lists).await {
                Ok(offers) if offers.iter().any(|offer| offer.name == tool) => {
                    return Ok(&server.endpoint);
                }
                Ok(_) => {}
                Err(_) => silent = true,
            }
        }
        Err(if silent {
            ToolFailure::Unreachable
        } else {
            ToolFailure::UnknownTool(tool.to_owned())
        })
    }
}

impl OwnServer {
    fn try_new(settings: &ToolServerSettings) -> Result<Self, ToolSetupError> {
        let refused = || ToolSetupError::Url {
            server: settings.name.clone(),
        };
        let url = Url::parse(&settings.url).map_err(|_| refused())?;
        let bare = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(refused());
        }
        let mut headers = HashMap::new();
        if let Some(key) = &settings.api_key {
            let header = bearer(key.expose()).ok_or_else(|| ToolSetupError::ApiKey {
                server: settings.name.clone(),
            })?;
            headers.extend([header]);
        }
        let destination = Destination {
            url: url.as_str(),
            client: client(settings)?,
            headers,
        };
        let limits = Arc::new(settings.limits.clone());
        let endpoint = Endpoint::new(settings.name.clone(), None, destination, limits);
        Ok(Self {
            endpoint,
            allowed: settings.allowed_tools.iter().cloned().collect(),
            failed: Mutex::new(None),
        })
    }

    async fn offers(
        &self,
        sessions: &Sessions,
        lists: &Lists,
    ) -> Result<Vec<ToolOffer>, ToolFailure> {
        if self.is_left_alone() {
            return Err(ToolFailure::Unreachable);
        }
        let asked = lists.get(sessions, &self.endpoint).await;
        self.remember(asked.as_ref().err());
        let offers = asked?;
        let allowed = |offer: &&ToolOffer| self.allows(&offer.name);
        Ok(offers.iter().filter(allowed).cloned().collect())
    }

    fn allows(&self, tool: &str) -> bool {
        self.allowed.is_empty() || self.allowed.contains(tool)
    }

    fn is_left_alone(&self) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < LEFT_ALONE)
    }

    /// Says once that a server is gone, and once that it is back.
    fn remember(&self, failure: Option<&ToolFailure>) {
        let now = failure.map(|_| Instant::now());
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *failed, now);
        let name = self.endpoint.name.as_str();
        match (before, failure) {
            (None, Some(failure)) => tracing::warn!(
                tool_server.name = name,
                error.code = failure.as_str(),
                "the tools of server {name} are missing: {failure}"
            ),
            (Some(_), None) => {
                tracing::info!(
                    tool_server.name = name,
                    "the tools of server {name} are back"
                );
            }
            _ => {}
        }
    }
}

fn client(settings: &ToolServerSettings) -> Result<reqwest::Client, reqwest::Error> {
    install_crypto();
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.limits.connect)
        .read_timeout(settings.limits.call)
        .pool_idle_timeout(CONNECTION_IDLE);
    if settings.url.starts_with("http:") {
        // No certificate is ever checked, so a machine without any authorities is fine.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}
