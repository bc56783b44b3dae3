use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRedirectPolicy,
    OAuthHttpRequest,
};
use url::Url;

use crate::safe_http::SafeHttp;

/// Largest document or answer of an authorization server.
const BYTES_MAX: usize = 256 << 10;
/// Redirects of a document that are followed; answers to tokens are never asked for elsewhere.
const REDIRECTS_MAX: usize = 3;
/// For one exchange.
const EXCHANGE: Duration = Duration::from_secs(10);

type Request = http::Request<Vec<u8>>;
type Response = http::Response<Vec<u8>>;

/// The one way to authorization servers. Where they are is said by a tool server, so it is vetted like
/// what callers say; only the tool server's own origin is reached as the tool server is.
#[derive(Clone)]
pub(in crate::tools) struct GuardedHttp {
    safe_http: SafeHttp,
    home: Option<(url::Origin, reqwest::Client)>,
}

/// Why there is no answer. Told to callers, so without what a stranger said.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("an address it names is not allowed")]
    Forbidden,
    #[error("it sends elsewhere too often")]
    Redirects,
    #[error("it says too much")]
    TooLarge,
    #[error("it takes too long")]
    TimedOut,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it says nothing that is HTTP")]
    Garbled,
}

impl GuardedHttp {
    /// Reaches what callers may name.
    pub(in crate::tools) fn new(safe_http: SafeHttp) -> Self {
        Self {
            safe_http,
            home: None,
        }
    }

    /// The same, and one of the operator's servers by the client that is for it.
    pub(in crate::tools) fn at_home(&self, server: &str, client: &reqwest::Client) -> Self {
        let origin = Url::parse(server).ok().map(|url| url.origin());
        Self {
            safe_http: self.safe_http.clone(),
            home: origin.map(|origin| (origin, client.clone())),
        }
    }

    async fn exchange(&self, request: OAuthHttpRequest) -> Result<Response, NoAnswer> {
        let OAuthHttpRequest {
            mut request,
            redirect_policy,
            ..
        } = request;
        let follows = redirect_policy == OAuthHttpRedirectPolicy::Follow
            && request.method() == http::Method::GET;
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.once(&request).await?;
            let location = answer.headers().get(http::header::LOCATION);
            let Some(location) = location.filter(|_| follows && answer.status().is_redirection())
            else {
                return Ok(answer);
            };
            *request.uri_mut() = next(request.uri(), location)?;
        }
        Err(NoAnswer::Redirects)
    }

    async fn once(&self, request: &Request) -> Result<Response, NoAnswer> {
        let text = request.uri().to_string();
        let sending = self
            .client(&text)?
            .request(request.method().clone(), text)
            .headers(request.headers().clone())
            .body(request.body().clone())
            .timeout(EXCHANGE);
        let answer = sending.send().await.map_err(|error| no_answer(&error))?;
        let mut whole = http::Response::builder().status(answer.status());
        if let Some(headers) = whole.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| no_answer(&error))?;
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(NoAnswer::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        whole.body(body).map_err(|_| NoAnswer::Garbled)
    }

    fn client(&self, text: &str) -> Result<reqwest::Client, NoAnswer> {
        if let Some((origin, client)) = &self.home
            && Url::parse(text).is_ok_and(|url| url.origin() == *origin)
        {
            return Ok(client.clone());
        }
        let vetted = self.safe_http.vet(text).map_err(|refusal| {
            tracing::warn!("an address of an authorization server is not called: {refusal}");
            NoAnswer::Forbidden
        })?;
        Ok(self.safe_http.client(&vetted).clone())
    }
}

impl OAuthHttpClient for GuardedHttp {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        let exchange: BoxFuture<'_, _> = Box::pin(async move {
            let answer = self.exchange(request).await;
            answer.map_err(OAuthHttpClientError::from)
        });
        exchange
    }
}

fn next(from: &http::Uri, location: &http::HeaderValue) -> Result<http::Uri, NoAnswer> {
    let base = Url::parse(&from.to_string()).map_err(|_| NoAnswer::Garbled)?;
    let location = location.to_str().map_err(|_| NoAnswer::Garbled)?;
    let next = base.join(location).map_err(|_| NoAnswer::Garbled)?;
    if base.scheme() == "https" && next.scheme() != "https" {
        return Err(NoAnswer::Forbidden);
    }
    next.as_str().parse().map_err(|_| NoAnswer::Garbled)
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if crate::safe_http::AddressRefusal::behind(error).is_some() {
        NoAnswer::Forbidden
    } else if error.is_timeout() {
        NoAnswer::TimedOut
    } else if error.is_connect() || error.is_builder() {
        NoAnswer::Unreachable
    } else {
        NoAnswer::Garbled
    }
}
