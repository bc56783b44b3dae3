use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::allowance::AllowedPlace;
use super::ourselves::OwnPlaces;
use super::reached::CheckReached;
use super::resolver::{Lookup, SystemLookup, VettingResolver};
use super::vetting::{AddressRefusal, Policy};
use crate::model_provider::install_crypto;

/// What callers may name, and how long it may take.
#[derive(Debug, Clone)]
pub struct SafeHttpSettings {
    /// What is this server itself, and never called.
    pub own: OwnPlaces,
    /// Places that may be named although they are not public.
    pub allowed: Vec<AllowedPlace>,
    /// Whether `http:` is allowed for public places too.
    pub allow_http: bool,
    /// Ports at public places.
    pub ports: Vec<u16>,
    /// To resolve, connect and agree on TLS.
    pub connect: Duration,
    /// Silence while an answer is awaited or read.
    pub silence: Duration,
}

impl Default for SafeHttpSettings {
    fn default() -> Self {
        Self {
            own: OwnPlaces::default(),
            allowed: Vec::new(),
            allow_http: false,
            ports: vec![443, 80],
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(10),
        }
    }
}

/// A URL that has been looked at. There is no other way to one than [`SafeHttp::vet`].
#[derive(Debug, Clone)]
pub struct VettedUrl {
    url: Url,
    named_by_operator: bool,
}

impl VettedUrl {
    /// The URL as it will be called, without a fragment.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Its host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Scheme, host and port, for what is the same for a whole server.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Whether there is anything after a question mark.
    pub fn has_query(&self) -> bool {
        self.url.query().is_some_and(|query| !query.is_empty())
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Where a link on this page leads. Nobody has looked at that yet.
    pub(super) fn join(&self, link: &str) -> Result<Url, AddressRefusal> {
        self.url.join(link).map_err(|_| AddressRefusal::Malformed)
    }
}

/// The client for addresses that callers name.
#[derive(Debug, Clone)]
pub struct SafeHttp {
    policy: Arc<Policy>,
    /// Connects to public addresses only.
    guarded: reqwest::Client,
    /// Connects to wherever a place leads that the operator named, unless that is here.
    trusting: reqwest::Client,
}

impl SafeHttp {
    /// Sets up both clients, without connecting.
    pub fn try_new(settings: &SafeHttpSettings) -> Result<Self, reqwest::Error> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    pub(super) fn with_lookup(
        settings: &SafeHttpSettings,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, reqwest::Error> {
        let policy = Arc::new(Policy {
            own: settings.own.clone(),
            allowed: settings.allowed.clone(),
            allow_http: settings.allow_http,
            ports: settings.ports.clone(),
        });
        let resolver = VettingResolver::new(Arc::clone(&policy), lookup);
        let guarded = plain_client(settings)
            .dns_resolver(Arc::new(resolver))
            .connector_layer(CheckReached::public(&policy))
            .build()?;
        let trusting = plain_client(settings)
            .connector_layer(CheckReached::anywhere(&policy))
            .build()?;
        Ok(Self {
            policy,
            guarded,
            trusting,
        })
    }

    /// Looks at an address that a caller named.
    pub fn vet(&self, text: &str) -> Result<VettedUrl, AddressRefusal> {
        let (url, named_by_operator) = self.policy.vet(text)?;
        Ok(VettedUrl {
            url,
            named_by_operator,
        })
    }

    /// The client that may call this URL. It keeps no connection, so that none is ever shared
    /// between callers, and follows no redirect: where one leads has to be vetted like any address.
    pub fn client(&self, url: &VettedUrl) -> &reqwest::Client {
        if url.named_by_operator {
            &self.trusting
        } else {
            &self.guarded
        }
    }
}

fn plain_client(settings: &SafeHttpSettings) -> reqwest::ClientBuilder {
    install_crypto();
    reqwest::Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.connect)
        .read_timeout(settings.silence)
        .pool_max_idle_per_host(0)
}

impl AddressRefusal {
    /// The refusal behind a request's failure, if the resolver or the last look refused.
    pub fn behind(error: &reqwest::Error) -> Option<Self> {
        std::iter::successors(error.source(), |&cause| cause.source())
            .find_map(|cause| cause.downcast_ref::<Self>().copied())
    }
}
