use std::time::Duration;

use bytes::Bytes;
use jan_domain::ports::ProviderFailure;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::{Method, Request, Response, Url};
use tokio::time::Instant;

use super::failure;
use super::masking::Mask;
use super::question::Question;
use super::settings::{ProviderLimits, ProviderSettings, ProviderSetupError};

/// Pauses before a connection that could not be opened is tried again.
const RECONNECT_PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

/// One configured upstream: its addresses, its connections and its key.
pub(super) struct Upstream {
    pub(super) name: String,
    pub(super) limits: ProviderLimits,
    pub(super) mask: Mask,
    client: reqwest::Client,
    chat_url: Url,
    embeddings_url: Url,
    models_url: Url,
    headers: HeaderMap,
}

impl Upstream {
    pub(super) fn try_new(settings: &ProviderSettings) -> Result<Self, ProviderSetupError> {
        let base = base_url(settings)?;
        let below = |path: &[&str]| {
            let mut url = base.clone();
            let mut segments = url.path_segments_mut().expect("http URLs have a path");
            segments.pop_if_empty().extend(path);
            drop(segments);
            url
        };
        Ok(Self {
            name: settings.name.clone(),
            limits: settings.limits.clone(),
            mask: Mask::new(settings.api_key.clone()),
            client: client(settings, &base)?,
            chat_url: below(&["chat", "completions"]),
            embeddings_url: below(&["embeddings"]),
            models_url: below(&["models"]),
            headers: headers(settings)?,
        })
    }

    /// Sends a question and waits for the head of the answer. Only a connection that could not be
    /// opened is tried again: then nothing was sent and nothing can happen twice.
    pub(super) async fn ask(
        &self,
        question: Question,
        body: &Bytes,
        traceparent: Option<&HeaderValue>,
        deadline: Instant,
    ) -> Result<Response, ProviderFailure> {
        let mut pauses = RECONNECT_PAUSES.iter();
        loop {
            let request = self.request(question, body, traceparent);
            let sent = tokio::time::timeout_at(deadline, self.client.execute(request)).await;
            let error = match sent {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => error,
                Err(_) => return Err(ProviderFailure::Stalled),
            };
            match pauses.next() {
                Some(pause) if error.is_connect() => tokio::time::sleep(*pause).await,
                _ => return Err(failure::of_transport(&self.name, question, error)),
            }
        }
    }

    fn request(
        &self,
        question: Question,
        body: &Bytes,
        traceparent: Option<&HeaderValue>,
    ) -> Request {
        let (method, url) = match question {
            Question::Chat { .. } => (Method::POST, &self.chat_url),
            Question::Embeddings => (Method::POST, &self.embeddings_url),
            Question::Models => (Method::GET, &self.models_url),
        };
        let mut request = Request::new(method, url.clone());
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(ACCEPT, HeaderValue::from_static(question.accepted()));
        if let Some(traceparent) = traceparent {
            headers.insert(HeaderName::from_static("traceparent"), traceparent.clone());
        }
        if question != Question::Models {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        request
    }
}

/// Makes ring the process's TLS implementation. Every client of this crate calls it before it is
/// built; all but the first call change nothing.
pub fn install_crypto() {
    // The error says that one is installed already, which is all we want.
    drop(rustls::crypto::ring::default_provider().install_default());
}

fn client(settings: &ProviderSettings, base: &Url) -> Result<reqwest::Client, ProviderSetupError> {
    install_crypto();
    let failed = |source| ProviderSetupError::Client {
        provider: settings.name.clone(),
        source,
    };
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.limits.connect)
        .pool_idle_timeout(settings.limits.idle_connection)
        .pool_max_idle_per_host(settings.limits.idle_connections_max);
    if base.scheme() == "http" {
        // No certificate is ever checked, so a machine without any authorities is fine.
        builder = builder.tls_certs_only([]);
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

fn headers(settings: &ProviderSettings) -> Result<HeaderMap, ProviderSetupError> {
    let agent = concat!("jan-server/", env!("CARGO_PKG_VERSION"));
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    if let Some(key) = &settings.api_key {
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", key.expose())).map_err(|_| {
                ProviderSetupError::ApiKey {
                    provider: settings.name.clone(),
                }
            })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn base_url(settings: &ProviderSettings) -> Result<Url, ProviderSetupError> {
    let refuse = |problem| ProviderSetupError::BaseUrl {
        provider: settings.name.clone(),
        problem,
    };
    let url = Url::parse(&settings.base_url).map_err(|_| refuse("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("contains a user name; set the API key instead"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{ProviderSettings, Upstream};
    use crate::secret::Secret;

    fn upstream(base_url: &str) -> Result<Upstream, String> {
        let settings = ProviderSettings::new("p", base_url);
        Upstream::try_new(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_go_below_the_base_url() {
        for (base, expected) in [
            ("http://h:1/v1", "http://h:1/v1/chat/completions"),
            ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
            ("http://h:1", "http://h:1/chat/completions"),
            (
                "http://h:1/o/v1?api-version=2",
                "http://h:1/o/v1/chat/completions?api-version=2",
            ),
        ] {
            assert_eq!(upstream(base).unwrap().chat_url.as_str(), expected);
        }
    }

    #[test]
    fn a_base_url_that_cannot_work_is_refused() {
        for base in [
            "",
            "localhost:8000/v1",
            "ftp://h/v1",
            "http://user:word@h/v1",
        ] {
            let problem = upstream(base).err().expect(base);
            assert!(
                problem.contains("provider `p`") && !problem.contains("word@"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_showing_it() {
        let api_key = Some(Secret::new("first\nsecond".to_owned()));
        let settings = ProviderSettings {
            api_key,
            ..ProviderSettings::new("p", "http://h/v1")
        };
        let problem = Upstream::try_new(&settings).err().unwrap().to_string();
        assert!(
            problem.contains("provider `p`") && !problem.contains("first"),
            "{problem}"
        );
    }
}
