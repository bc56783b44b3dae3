use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jan_domain::ports::{
    Approval, Credential, ServerAuth, ToolFailure, ToolOffer, ToolServerReport,
};
use tokio::time::Instant;
use url::Url;

use super::approval::{Approvals, Verdict};
use super::asking::Asking;
use super::dial::Dialled;
use super::endpoint::{Destination, Endpoint};
use super::headers::bearer;
use super::oauth::ServiceToken;
use super::pins::Pins;
use super::settings::{ToolServerSettings, ToolSetupError};
use crate::model_provider::install_crypto;

/// How long a server that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// Shorter than the five seconds after which most servers hang up, so that no call is sent into a
/// closing connection.
const CONNECTION_IDLE: Duration = Duration::from_secs(4);

/// One of the deployment's own tool servers.
pub(super) struct OwnServer {
    /// As it is reached; without what opens it, unless that is the operator's key.
    endpoint: Arc<Endpoint>,
    lock: Lock,
    /// Whether an administrator has added it.
    added: bool,
    /// What is asked for at its authorization server.
    pub(super) scopes: Vec<String>,
    /// Who we are there, for callers' grants.
    pub(super) client: Option<(String, Option<Credential>)>,
    allowed: HashSet<String>,
    approvals: Approvals,
    /// When it last failed to list its tools, and has not done so since.
    failed: Mutex<Option<Instant>>,
}

/// Whose word opens a server.
enum Lock {
    Operator,
    Caller,
    Client(Arc<ServiceToken>),
}

impl OwnServer {
    /// One of the operator's file, reached where it is.
    pub(super) fn try_new(
        settings: &ToolServerSettings,
        pins: Pins,
    ) -> Result<Self, ToolSetupError> {
        Self::reached_by(client(settings)?, settings, pins)
    }

    /// One that this client reaches.
    pub(super) fn reached_by(
        client: reqwest::Client,
        settings: &ToolServerSettings,
        pins: Pins,
    ) -> Result<Self, ToolSetupError> {
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
            client,
            headers,
        };
        let limits = Arc::new(settings.limits.clone());
        let endpoint = Endpoint::new(settings.name.clone(), None, destination, limits);
        Ok(Self {
            endpoint: Arc::new(endpoint),
            lock: Lock::of(settings)?,
            added: false,
            scopes: settings.scopes.clone(),
            client: client_of(settings),
            allowed: settings.allowed_tools.iter().cloned().collect(),
            approvals: Approvals::new(pins, settings.pin.clone(), &settings.tool_pins),
            failed: Mutex::new(None),
        })
    }

    /// The same, as one that an administrator has added.
    pub(super) fn that_was_added(mut self) -> Self {
        self.added = true;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.endpoint.name
    }

    pub(super) fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// The client that reaches it.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.endpoint.client
    }

    /// Whether each caller needs a word of its own.
    pub(super) fn is_the_callers(&self) -> bool {
        matches!(self.lock, Lock::Caller)
    }

    pub(super) async fn offers(&self, asking: Asking<'_>) -> Result<Vec<ToolOffer>, ToolFailure> {
        let (offers, _) = self.listed(asking, false).await?;
        let verdict = self.judge(&offers);
        let offered = |offer: &&ToolOffer| verdict.offers(&offer.name);
        Ok(offers.iter().filter(offered).cloned().collect())
    }

    /// Ready to be called, if it offered the tool not long ago and that is enough.
    pub(super) async fn lately(&self, asking: Asking<'_>, tool: &str) -> Option<Dialled> {
        if self.approvals.is_strict() || !self.allows(tool) {
            return None;
        }
        let dialled = self.dial(asking).await.ok()?;
        let offered = asking.lists.offered_lately(&dialled.endpoint, tool);
        offered.then_some(dialled)
    }

    /// What may be called now. What was approved is not taken from a list of before.
    pub(super) async fn verdict(
        &self,
        asking: Asking<'_>,
    ) -> Result<(Arc<Verdict>, Dialled), ToolFailure> {
        let anew = self.approvals.is_strict();
        let (offers, dialled) = self.listed(asking, anew).await?;
        Ok((self.judge(&offers), dialled))
    }

    /// What is known of it.
    pub(super) async fn seen(&self, asking: Asking<'_>) -> ToolServerReport {
        let listed = self.listed(asking, false).await;
        self.report(asking, listed)
    }

    /// The same, asked now.
    pub(super) async fn seen_anew(&self, asking: Asking<'_>) -> ToolServerReport {
        let listed = self.asked(asking, true).await;
        self.remember(listed.as_ref().err());
        self.report(asking, listed)
    }

    /// As it is reached for whoever asks.
    async fn dial(&self, asking: Asking<'_>) -> Result<Dialled, ToolFailure> {
        match &self.lock {
            Lock::Operator => Ok(Dialled::given(Arc::clone(&self.endpoint))),
            Lock::Caller => {
                let owner = asking.owner.ok_or(ToolFailure::Unauthorized)?;
                let held = asking.grants.held(owner, self.url(), Some(self.http()));
                let held = held.await?.ok_or(ToolFailure::Unauthorized)?;
                Dialled::by_grant(&self.endpoint, held)
            }
            Lock::Client(service) => {
                Dialled::by_service(&self.endpoint, service, asking.grants, None).await
            }
        }
    }

    async fn listed(
        &self,
        asking: Asking<'_>,
        anew: bool,
    ) -> Result<(Arc<[ToolOffer]>, Dialled), ToolFailure> {
        if self.is_left_alone() {
            return Err(ToolFailure::Unreachable);
        }
        let asked = self.asked(asking, anew).await;
        self.remember(asked.as_ref().err());
        asked
    }

    async fn asked(
        &self,
        asking: Asking<'_>,
        anew: bool,
    ) -> Result<(Arc<[ToolOffer]>, Dialled), ToolFailure> {
        let dialled = self.dial(asking).await?;
        let list = async |endpoint: Arc<Endpoint>| {
            if anew {
                asking.lists.get_anew(asking.sessions, &endpoint).await
            } else {
                asking.lists.get(asking.sessions, &endpoint).await
            }
        };
        dialled.ask(asking.grants, list).await
    }

    fn judge(&self, offers: &[ToolOffer]) -> Arc<Verdict> {
        let allowed = |offer: &&ToolOffer| self.allows(&offer.name);
        let offers: Vec<_> = offers.iter().filter(allowed).collect();
        self.approvals.judge(&self.endpoint.name, &offers)
    }

    fn report(
        &self,
        asking: Asking<'_>,
        listed: Result<(Arc<[ToolOffer]>, Dialled), ToolFailure>,
    ) -> ToolServerReport {
        let mut report = ToolServerReport {
            name: self.endpoint.name.clone(),
            url: self.url().to_owned(),
            auth: self.lock.auth(),
            added: self.added,
            version: None,
            approval: Approval::Unpinned,
            pin: None,
            tools: Vec::new(),
            failure: None,
        };
        match listed {
            Ok((offers, dialled)) => {
                let verdict = self.judge(&offers);
                report.version = asking.sessions.version(dialled.endpoint.key);
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

    /// Says once that a server is gone, and once that it is back. That one caller is not let in says
    /// nothing about the others.
    fn remember(&self, failure: Option<&ToolFailure>) {
        if self.is_the_callers() && matches!(failure, Some(ToolFailure::Unauthorized)) {
            return;
        }
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

impl Lock {
    fn auth(&self) -> ServerAuth {
        match self {
            Self::Operator => ServerAuth::Key,
            Self::Caller => ServerAuth::Caller,
            Self::Client(_) => ServerAuth::Client,
        }
    }

    fn of(settings: &ToolServerSettings) -> Result<Self, ToolSetupError> {
        match settings.auth {
            ServerAuth::Key => Ok(Self::Operator),
            ServerAuth::Caller => Ok(Self::Caller),
            ServerAuth::Client => match client_of(settings) {
                Some((id, Some(secret))) => {
                    let scopes = settings.scopes.clone();
                    let service = ServiceToken::new((id, secret), scopes);
                    Ok(Self::Client(Arc::new(service)))
                }
                _ => Err(ToolSetupError::NoClient {
                    server: settings.name.clone(),
                }),
            },
        }
    }
}

fn client_of(settings: &ToolServerSettings) -> Option<(String, Option<Credential>)> {
    let secret = settings.client_secret.as_ref();
    let secret = secret.map(|secret| Credential::new(secret.expose().to_owned()));
    Some((settings.client_id.clone()?, secret))
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
