use std::time::Duration;

use crate::secret::Secret;

/// Who searches, and how.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    /// Whether there is such a tool.
    pub enabled: bool,
    /// The engines to be asked first, in this order; the others that are set up follow.
    pub engines: Vec<EngineName>,
    /// Serper's key and address.
    pub serper: EngineSettings,
    /// `SearXNG`'s address; it has no key.
    pub searxng_url: Option<String>,
    /// Brave's key and address.
    pub brave: EngineSettings,
    /// Tavily's key and address.
    pub tavily: EngineSettings,
    /// Exa's key and address.
    pub exa: EngineSettings,
    /// Whether nobody outside is ever asked.
    pub offline: bool,
    /// Only results of these hosts and what is below them; of any when empty.
    pub hosts: Vec<String>,
    /// A place, in words, for whoever asks without one.
    pub location: Option<String>,
    /// For one answer of an engine.
    pub timeout: Duration,
    /// For all engines together; then our own index is asked.
    pub total: Duration,
    /// Characters of a result's text.
    pub snippet_chars_max: usize,
}

/// An engine that wants a key.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Without a key it is not asked.
    pub key: Option<Secret>,
    /// Where it is.
    pub url: String,
}

impl EngineSettings {
    fn at(url: &str) -> Self {
        Self {
            key: None,
            url: url.to_owned(),
        }
    }
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            engines: Vec::new(),
            serper: EngineSettings::at("https://google.serper.dev"),
            searxng_url: None,
            brave: EngineSettings::at("https://api.search.brave.com"),
            tavily: EngineSettings::at("https://api.tavily.com"),
            exa: EngineSettings::at("https://api.exa.ai"),
            offline: false,
            hosts: Vec::new(),
            location: None,
            timeout: Duration::from_secs(8),
            total: Duration::from_secs(20),
            snippet_chars_max: 420,
        }
    }
}

impl SearchSettings {
    /// Whether an engine that is set up takes notice of a country.
    pub fn knows_countries(&self) -> bool {
        !self.offline && (self.serper.key.is_some() || self.brave.key.is_some())
    }

    /// Whether one does of a place in words.
    pub fn knows_places(&self) -> bool {
        !self.offline && self.serper.key.is_some()
    }
}

/// An engine that we know how to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineName {
    /// <https://serper.dev>
    Serper,
    /// One's own.
    Searxng,
    /// <https://brave.com/search/api>
    Brave,
    /// <https://tavily.com>
    Tavily,
    /// <https://exa.ai>
    Exa,
}

impl EngineName {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [
        Self::Serper,
        Self::Searxng,
        Self::Brave,
        Self::Tavily,
        Self::Exa,
    ];

    /// Its name in settings and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serper => "serper",
            Self::Searxng => "searxng",
            Self::Brave => "brave",
            Self::Tavily => "tavily",
            Self::Exa => "exa",
        }
    }
}

/// Why search cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum SearchSetupError {
    /// Not an address an engine can have.
    #[error(
        "the URL of the search engine `{0}` is neither http nor https, or contains a user name"
    )]
    Url(&'static str),
    /// The key cannot travel in a header.
    #[error("the API key of the search engine `{0}` contains line ends or control characters")]
    Key(&'static str),
    /// The HTTP client refuses its settings, or no certificate authorities were found.
    #[error("the HTTP client for search engines cannot be built")]
    Client(#[from] reqwest::Error),
}
