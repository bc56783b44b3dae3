use super::setting::Setting;
use super::value::{Written, list_of};
use crate::search::{EngineName, SearchSettings};

pub(super) const SETTINGS: &[Setting<SearchSettings>] = &[
    Setting {
        name: "search.enabled",
        env: &["JAN_SEARCH_ENABLED"],
        doc: "Whether there is the tool 'google_search'",
        slot: |search| &mut search.enabled,
    },
    Setting {
        name: "search.engines",
        env: &["JAN_SEARCH_ENGINES", "SEARCH_ENGINE", "MCP_SEARCH_ENGINE"],
        doc: "Engines that are asked first: serper, searxng, brave, tavily, exa; those without a key or URL are not asked",
        slot: |search| &mut search.engines,
    },
    Setting {
        name: "search.serper_api_key",
        env: &["JAN_SEARCH_SERPER_API_KEY", "SERPER_API_KEY"],
        doc: "Key for Serper, which gives Google's results",
        slot: |search| &mut search.serper.key,
    },
    Setting {
        name: "search.searxng_url",
        env: &["JAN_SEARCH_SEARXNG_URL", "SEARXNG_URL"],
        doc: "One's own SearXNG, with json among its search.formats",
        slot: |search| &mut search.searxng_url,
    },
    Setting {
        name: "search.brave_api_key",
        env: &["JAN_SEARCH_BRAVE_API_KEY", "BRAVE_API_KEY"],
        doc: "Key for Brave",
        slot: |search| &mut search.brave.key,
    },
    Setting {
        name: "search.tavily_api_key",
        env: &["JAN_SEARCH_TAVILY_API_KEY", "TAVILY_API_KEY"],
        doc: "Key for Tavily",
        slot: |search| &mut search.tavily.key,
    },
    Setting {
        name: "search.exa_api_key",
        env: &["JAN_SEARCH_EXA_API_KEY", "EXA_API_KEY"],
        doc: "Key for Exa",
        slot: |search| &mut search.exa.key,
    },
    Setting {
        name: "search.offline",
        env: &["JAN_SEARCH_OFFLINE", "SERPER_OFFLINE_MODE"],
        doc: "Whether no engine is ever asked, only the index of pages that were read here",
        slot: |search| &mut search.offline,
    },
    Setting {
        name: "search.hosts",
        env: &["JAN_SEARCH_HOSTS", "SERPER_DOMAIN_FILTER"],
        doc: "Hosts whose pages are found, when a search names none; any when empty",
        slot: |search| &mut search.hosts,
    },
    Setting {
        name: "search.location",
        env: &["JAN_SEARCH_LOCATION", "SERPER_LOCATION_HINT"],
        doc: "Where to search from, when a search does not say",
        slot: |search| &mut search.location,
    },
    Setting {
        name: "search.timeout",
        env: &["JAN_SEARCH_TIMEOUT"],
        doc: "For one answer of an engine",
        slot: |search| &mut search.timeout,
    },
    Setting {
        name: "search.total_timeout",
        env: &["JAN_SEARCH_TOTAL_TIMEOUT"],
        doc: "For all engines together, retries included; then the index is asked",
        slot: |search| &mut search.total,
    },
    Setting {
        name: "search.snippet_chars_max",
        env: &["JAN_SEARCH_SNIPPET_CHARS_MAX", "MCP_MAX_SNIPPET_CHARS"],
        doc: "Characters of a result's passage",
        slot: |search| &mut search.snippet_chars_max,
    },
];

impl Written for Vec<EngineName> {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let named = |word: &str| {
            EngineName::ALL
                .into_iter()
                .find(|name| name.as_str() == word)
        };
        let engines = list_of(text).map(named).collect::<Option<_>>();
        engines.ok_or("engines such as serper,searxng,brave,tavily,exa")
    }

    fn write(&self) -> String {
        let names: Vec<_> = self.iter().map(|name| name.as_str()).collect();
        names.join(",")
    }
}
