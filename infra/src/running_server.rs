//! A server of ours that runs elsewhere, asked as any client asks it.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::Url;

use crate::model_provider::install_crypto;
use crate::secret::Secret;

/// How long it may take to be reached; an answer may take as long as a model does.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where it is, and whose word we bring.
pub struct RunningServer {
    base: Url,
    token: Secret,
    client: reqwest::Client,
}

/// Why it gave no answer that could be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerFailure {
    /// The address is none.
    #[error("'{0}' is not the address of a server")]
    Address(String),
    /// Nobody is there.
    #[error(
        "no server answers at {url}: start it with `jan-server serve`, or name it with --server"
    )]
    Unreachable {
        /// Where it was looked for.
        url: Url,
        #[source]
        /// What happened.
        source: reqwest::Error,
    },
    /// It said no.
    #[error("the server refused ({status}): {message}")]
    Refused {
        /// The answer's status.
        status: u16,
        /// In its own words.
        message: String,
    },
    /// It is something else, or broke off.
    #[error("what answers at {url} is not a jan-server")]
    Garbled {
        /// Where that is.
        url: Url,
    },
}

impl RunningServer {
    /// A server at this address, which begins with `http://` or `https://`.
    pub fn at(address: &str, token: Secret) -> Result<Self, ServerFailure> {
        let base = Url::parse(address).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or_else(|| ServerFailure::Address(address.to_owned()))?;
        install_crypto();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let url = base.clone();
        let client = client.map_err(|source| ServerFailure::Unreachable { url, source })?;
        Ok(Self {
            base,
            token,
            client,
        })
    }

    /// Posts JSON to a path such as `v1/responses`, and gives the JSON that comes back.
    pub async fn post(&self, path: &[&str], body: &Value) -> Result<Value, ServerFailure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let asked = self.client.post(url.clone());
        let asked = asked
            .bearer_auth(self.token.expose())
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let unreachable = |source: reqwest::Error| ServerFailure::Unreachable {
            url: self.base.clone(),
            source: source.without_url(),
        };
        let answer = asked.send().await.map_err(unreachable)?;
        let status = answer.status();
        let garbled = || ServerFailure::Garbled {
            url: self.base.clone(),
        };
        let told = answer.bytes().await.map_err(|_| garbled())?;
        let told: Value = serde_json::from_slice(&told).map_err(|_| garbled())?;
        if status.is_success() {
            return Ok(told);
        }
        let message = told["error"]["message"].as_str().ok_or_else(garbled)?;
        Err(ServerFailure::Refused {
            status: status.as_u16(),
            message: message.to_owned(),
        })
    }
}
