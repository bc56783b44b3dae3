//! Getting what is at an address that somebody else names: every hop of the way is looked at anew,
//! and time, size and kind of what comes are bounded.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use reqwest::Response;
use tokio::time::timeout;

use super::body::{self, Taken};
use super::client::{SafeHttp, SafeHttpSettings, VettedUrl};
use super::fetch_failure::{FetchFailure, failure};
use super::vetting::{self, AddressRefusal};

/// How far a fetch may go.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Which addresses may be called.
    pub addresses: SafeHttpSettings,
    /// From the first look at the address to the last byte, redirects included.
    pub total: Duration,
    /// Redirects that are followed.
    pub redirects_max: usize,
    /// Size of what is taken, decompressed.
    pub bytes_max: usize,
    /// Who we say we are.
    pub user_agent: String,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            addresses: SafeHttpSettings {
                allow_http: true,
                ..SafeHttpSettings::default()
            },
            total: Duration::from_secs(20),
            redirects_max: 3,
            bytes_max: 4 << 20,
            user_agent: concat!("jan-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What to get, and what of it can be used.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Where.
    pub url: &'a VettedUrl,
    /// Sent as `Accept`.
    pub accept: &'static str,
    /// The media types, without parameters, of which more than the head is read. An answer that
    /// tells no type is read.
    pub takes: fn(&str) -> bool,
    /// Whether the beginning is of use when the whole is too large.
    pub may_be_cut: bool,
    /// What we have from there already.
    pub known: Option<&'a Validators>,
}

/// By what a server recognises what it gave us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The address that gave it, after redirects: no other is shown them.
    pub url: String,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where it came from, after redirects.
    pub url: String,
    /// The status of the last answer.
    pub status: u16,
    /// Its head.
    pub headers: HeaderMap,
    /// Its body; empty unless the status is 200.
    pub body: Vec<u8>,
    /// Whether the body is only the beginning.
    pub cut: bool,
}

impl Fetched {
    /// A header that is text.
    pub fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Fetches from addresses that callers name.
#[derive(Debug, Clone)]
pub struct Fetcher {
    http: SafeHttp,
    settings: FetchSettings,
    user_agent: HeaderValue,
}

/// One answer, or the way to the next.
enum Hop {
    Arrived(Response),
    Onward(VettedUrl),
}

impl Fetcher {
    /// Sets up the clients, without connecting.
    pub fn try_new(settings: &FetchSettings) -> Result<Self, reqwest::Error> {
        Ok(Self::with(
            SafeHttp::try_new(&settings.addresses)?,
            settings,
        ))
    }

    pub(super) fn with(http: SafeHttp, settings: &FetchSettings) -> Self {
        let user_agent = HeaderValue::from_str(&settings.user_agent);
        Self {
            http,
            settings: settings.clone(),
            user_agent: user_agent.unwrap_or(HeaderValue::from_static("jan-server")),
        }
    }

    /// Looks at an address that a caller named.
    pub fn vet(&self, text: &str) -> Result<VettedUrl, FetchFailure> {
        self.http.vet(text).map_err(FetchFailure::from)
    }

    /// Gets it. What is refused on the way is told to the log.
    pub async fn fetch(&self, wanted: Wanted<'_>) -> Result<Fetched, FetchFailure> {
        let going = timeout(self.settings.total, self.go(&wanted)).await;
        let fetched = going.unwrap_or(Err(FetchFailure::TimedOut));
        if let Err(FetchFailure::Refused(refusal)) = &fetched {
            let host = wanted.url.host();
            tracing::warn!(
                server.address = host,
                "{host} is not fetched from: {refusal}"
            );
        }
        fetched
    }

    async fn go(&self, wanted: &Wanted<'_>) -> Result<Fetched, FetchFailure> {
        let mut at = wanted.url.clone();
        for _ in 0..=self.settings.redirects_max {
            match self.hop(&at, wanted).await? {
                Hop::Arrived(response) => return self.take(&at, response, wanted).await,
                Hop::Onward(next) => at = next,
            }
        }
        Err(FetchFailure::Redirects)
    }

    async fn hop(&self, at: &VettedUrl, wanted: &Wanted<'_>) -> Result<Hop, FetchFailure> {
        let request = self.http.client(at).get(at.as_str());
        let request = request.headers(self.headers(at, wanted));
        let response = request.send().await.map_err(|error| failure(&error))?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(Hop::Arrived(response));
        }
        let location = response.headers().get(header::LOCATION);
        let Some(location) = location else {
            return Ok(Hop::Arrived(response));
        };
        let location = std::str::from_utf8(location.as_bytes());
        let location = location.map_err(|_| AddressRefusal::Ambiguous)?;
        self.onward(at, location).map(Hop::Onward)
    }

    /// Where a redirect leads is an address like any other, and never a less private one.
    pub(super) fn onward(
        &self,
        from: &VettedUrl,
        location: &str,
    ) -> Result<VettedUrl, FetchFailure> {
        if vetting::is_ambiguous(location) {
            return Err(AddressRefusal::Ambiguous.into());
        }
        let next = from.join(location)?;
        let next = self.vet(next.as_str())?;
        if from.is_https() && !next.is_https() {
            return Err(AddressRefusal::Scheme.into());
        }
        Ok(next)
    }

    /// All that is ever sent: no cookie, no credentials, nothing of the caller's.
    fn headers(&self, at: &VettedUrl, wanted: &Wanted<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static(wanted.accept));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(known) = wanted.known.filter(|known| known.url == at.as_str()) {
            for (name, value) in [
                (header::IF_NONE_MATCH, &known.etag),
                (header::IF_MODIFIED_SINCE, &known.last_modified),
            ] {
                let value = value.as_deref().map(HeaderValue::from_str);
                headers.extend(value.and_then(Result::ok).map(|value| (name, value)));
            }
        }
        headers
    }

    async fn take(
        &self,
        at: &VettedUrl,
        response: Response,
        wanted: &Wanted<'_>,
    ) -> Result<Fetched, FetchFailure> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let taken = if status == 200 {
            refuse_type(&headers, wanted)?;
            body::take(response, self.settings.bytes_max, wanted.may_be_cut).await?
        } else {
            Taken::default()
        };
        Ok(Fetched {
            url: at.as_str().to_owned(),
            status,
            headers,
            body: taken.bytes,
            cut: taken.cut,
        })
    }
}

fn refuse_type(headers: &HeaderMap, wanted: &Wanted<'_>) -> Result<(), FetchFailure> {
    let told = headers.get(header::CONTENT_TYPE);
    let told = told.and_then(|told| told.to_str().ok()).unwrap_or_default();
    let essence = told.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence.is_empty() || (wanted.takes)(&essence) {
        return Ok(());
    }
    let named: String = essence.chars().take(100).collect();
    Err(FetchFailure::Type(named))
}
