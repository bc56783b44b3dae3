use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jan_domain::ports::{Approval, ToolFailure, ToolOffer, ToolServerReport};
use tokio::time::Instant;
use url::Url;

use super::approval::{Approvals, Verdict};
use super::endpoint::{Destination, Endpoint};
use super::headers::bearer;
use super::listing::Lists;
use super::pins::Pins;
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
    approvals: Approvals,
    /// When it last failed to list its tools, and has not done so since.
    failed: Mutex<Option<Instant>>,
}

impl OwnServers {
    pub(super) fn try_new(
        servers: &[ToolServerSettings],
        pins: Pins,
    ) -> Result<Self, ToolSetupError> {
        let mut names = HashSet::new();
        let mut own = Vec::with_capacity(servers.len());
        for settings in servers {
            if !names.insert(&settings.name) {
                return Err(ToolSetupError::SameName {
                    server: settings.name.clone(),
                });
            }
            own.push(OwnServer::try_new(settings, pins)?);
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
        let lately = self.servers.iter().find(lately);
        if let Some(server) = lately.filter(|server| !server.approvals.is_strict()) {
            return Ok(&server.endpoint);
        }
        let (mut silent, mut withheld) = (false, false);
        for server in &self.servers {
            match server.verdict(sessions, lists).await {
                Ok(verdict) if verdict.offers(tool) => return Ok(&server.endpoint),
                Ok(verdict) => withheld |= verdict.withholds(tool),
                Err(_) => silent = true,
            }
        }
        Err(if withheld {
            ToolFailure::Withheld(tool.to_owned())
        } else if silent {
            ToolFailure::Unreachable
        } else {
            ToolFailure::UnknownTool(tool.to_owned())
        })
    }

    /// What is known of all servers.
    pub(super) async fn report(&self, sessions: &Sessions, lists: &Lists) -> Vec<ToolServerReport> {
        let asked = self.servers.iter().map(|server| async move {
            let offers = server.listed(sessions, lists, false).await;
            server.report(sessions, offers)
        });
        join_all(asked).await
    }

    /// What a server offers now.
    pub(super) async fn refresh(
        &self,
        sessions: &Sessions,
        lists: &Lists,
        name: &str,
    ) -> Option<ToolServerReport> {
        let mut servers = self.servers.iter();
        let server = servers.find(|server| server.endpoint.name == name)?;
        let offers = lists.get_anew(sessions, &server.endpoint).await;
        server.remember(offers.as_ref().err());
        Some(server.report(sessions, offers))
    }
}

impl OwnServer {
    fn try_new(settings: &ToolServerSettings, pins: Pins) -> Result<Self, ToolSetupError> {
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
            approvals: Approvals::new(pins, settings.pin.clone(), &settings.tool_pins),
            failed: Mutex::new(None),
        })
    }

    async fn offers(
        &self,
        sessions: &Sessions,
        lists: &Lists,
    ) -> Result<Vec<ToolOffer>, ToolFailure> {
        let offers = self.listed(sessions, lists, false).await?;
        let verdict = self.judge(&offers);
        let offered = |offer: &&ToolOffer| verdict.offers(&offer.name);
        Ok(offers.iter().filter(offered).cloned().collect())
    }

    /// What may be called now. What was approved is not taken from a list of before.
    async fn verdict(
        &self,
        sessions: &Sessions,
        lists: &Lists,
    ) -> Result<Arc<Verdict>, ToolFailure> {
        let anew = self.approvals.is_strict();
        let offers = self.listed(sessions, lists, anew).await?;
        Ok(self.judge(&offers))
    }

    async fn listed(
        &self,
        sessions: &Sessions,
        lists: &Lists,
        anew: bool,
    ) -> Result<Arc<[ToolOffer]>, ToolFailure> {
        if self.is_left_alone() {
            return Err(ToolFailure::Unreachable);
        }
        let asked = if anew {
            lists.get_anew(sessions, &self.endpoint).await
        } else {
            lists.get(sessions, &self.endpoint).await
        };
        self.remember(asked.as_ref().err());
        asked
    }

    fn judge(&self, offers: &[ToolOffer]) -> Arc<Verdict> {
        let allowed = |offer: &&ToolOffer| self.allows(&offer.name);
        let offers: Vec<_> = offers.iter().filter(allowed).collect();
        self.approvals.judge(&self.endpoint.name, &offers)
    }

    fn report(
        &self,
        sessions: &Sessions,
        offers: Result<Arc<[ToolOffer]>, ToolFailure>,
    ) -> ToolServerReport {
        let mut report = ToolServerReport {
            name: self.endpoint.name.clone(),
            version: sessions.version(self.endpoint.key),
            approval: Approval::Unpinned,
            pin: None,
            tools: Vec::new(),
            failure: None,
        };
        match offers {
            Ok(offers) => {
                let verdict = self.judge(&offers);
                report.approval = verdict.approval;
                report.pin = Some(verdict.pin.clone());
                report.tools.clone_from(&verdict.tools);
            }
            Err(failure) => report.failure = Some(failure),
        }
        report
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
