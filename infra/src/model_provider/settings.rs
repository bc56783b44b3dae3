use std::time::Duration;

use crate::secret::Secret;

/// One upstream and what it may be asked for.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The name in records, metrics and logs; unique.
    pub name: String,
    /// Everything before `/chat/completions`, usually ending in `/v1`. A query is kept.
    pub base_url: String,
    /// Sent as a bearer token, to this origin only.
    pub api_key: Option<Secret>,
    /// Models that are on offer whether or not the provider lists them.
    pub models: Vec<ModelSetting>,
    /// Whether to offer what `GET {base_url}/models` lists, after `models`.
    pub discover: bool,
    /// A proxy for calls to this provider. The environment's proxy variables are not read.
    pub proxy: Option<String>,
    /// Patience and sizes.
    pub limits: ProviderLimits,
}

impl ProviderSettings {
    /// A provider without a key whose models are discovered.
    pub fn new(name: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            api_key: None,
            models: Vec::new(),
            discover: true,
            proxy: None,
            limits: ProviderLimits::default(),
        }
    }
}

/// A model that is on offer by configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelSetting {
    /// The name clients use.
    pub id: String,
    /// The provider's own name for it; the same when absent.
    pub upstream: Option<String>,
    /// Unix seconds, shown in the model list.
    pub created: i64,
    /// Shown in the model list; the provider's name when absent.
    pub owned_by: Option<String>,
}

/// How long and how much one provider may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLimits {
    /// To open a connection, TLS included; tried up to three times.
    pub connect: Duration,
    /// From asking to the first byte of a streamed answer, so for reading the prompt.
    pub first_byte: Duration,
    /// From asking to the first byte of an answer that is not streamed. Nothing comes before all
    /// of it is written, so this bounds the writing too.
    pub first_byte_whole: Duration,
    /// Silence between two reads of a begun answer.
    pub silence: Duration,
    /// How long an unused connection is kept. Shorter than the five seconds after which uvicorn,
    /// Node and llama-server hang up, so that no call is sent into a closing connection.
    pub idle_connection: Duration,
    /// Unused connections kept.
    pub idle_connections_max: usize,
    /// Size of an answer that is not streamed.
    pub whole_bytes_max: usize,
    /// Size of one frame of a stream.
    pub frame_bytes_max: usize,
    /// Time between two looks at the provider's model list.
    pub discover_every: Duration,
}

impl Default for ProviderLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(2),
            first_byte_whole: Duration::from_mins(10),
            silence: Duration::from_mins(1),
            idle_connection: Duration::from_secs(4),
            idle_connections_max: 8_192,
            whole_bytes_max: 32 << 20,
            frame_bytes_max: 10 << 20,
            discover_every: Duration::from_mins(1),
        }
    }
}

/// Why providers cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSetupError {
    /// Not a URL we can append paths to.
    #[error("the base URL of provider `{provider}` {problem}")]
    BaseUrl {
        /// The provider's name.
        provider: String,
        /// What is wrong with it, without repeating it.
        problem: &'static str,
    },
    /// The key cannot travel in a header.
    #[error("the API key of provider `{provider}` contains line ends or control characters")]
    ApiKey {
        /// The provider's name.
        provider: String,
    },
    /// The name cannot tell providers apart.
    #[error("there are two providers named `{provider}`")]
    SameName {
        /// The name.
        provider: String,
    },
    /// The HTTP client refuses its settings: the proxy, or no certificate authorities were found.
    #[error("the HTTP client of provider `{provider}` cannot be built")]
    Client {
        /// The provider's name.
        provider: String,
        /// The client's own words.
        source: reqwest::Error,
    },
}
