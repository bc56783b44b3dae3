use super::setting::Setting;
use crate::scrape::ScrapeSettings;

pub(super) const SETTINGS: &[Setting<ScrapeSettings>] = &[
    Setting {
        name: "scrape.enabled",
        env: &["JAN_SCRAPE_ENABLED"],
        doc: "Whether there is the tool 'scrape', which reads pages of the web",
        slot: |scrape| &mut scrape.enabled,
    },
    Setting {
        name: "scrape.allow_private",
        env: &["JAN_SCRAPE_ALLOW_PRIVATE"],
        doc: "Places whose pages may be read although they are not public: hosts, addresses, networks",
        slot: |scrape| &mut scrape.fetch.addresses.allowed,
    },
    Setting {
        name: "scrape.allow_http",
        env: &["JAN_SCRAPE_ALLOW_HTTP"],
        doc: "Whether public pages without TLS are read",
        slot: |scrape| &mut scrape.fetch.addresses.allow_http,
    },
    Setting {
        name: "scrape.ports",
        env: &["JAN_SCRAPE_PORTS"],
        doc: "Ports at which public pages are read",
        slot: |scrape| &mut scrape.fetch.addresses.ports,
    },
    Setting {
        name: "scrape.connect_timeout",
        env: &["JAN_SCRAPE_CONNECT_TIMEOUT"],
        doc: "To open a connection to a page's server",
        slot: |scrape| &mut scrape.fetch.addresses.connect,
    },
    Setting {
        name: "scrape.timeout",
        env: &["JAN_SCRAPE_TIMEOUT"],
        doc: "For one page, redirects included",
        slot: |scrape| &mut scrape.fetch.total,
    },
    Setting {
        name: "scrape.bytes_max",
        env: &["JAN_SCRAPE_BYTES_MAX"],
        doc: "Size of a page, decompressed; of a larger one the beginning is read",
        slot: |scrape| &mut scrape.fetch.bytes_max,
    },
    Setting {
        name: "scrape.redirects_max",
        env: &["JAN_SCRAPE_REDIRECTS_MAX"],
        doc: "Redirects that are followed",
        slot: |scrape| &mut scrape.fetch.redirects_max,
    },
    Setting {
        name: "scrape.user_agent",
        env: &["JAN_SCRAPE_USER_AGENT"],
        doc: "Who we say we are to pages' servers",
        slot: |scrape| &mut scrape.fetch.user_agent,
    },
    Setting {
        name: "scrape.robots",
        env: &["JAN_SCRAPE_ROBOTS"],
        doc: "Whether pages are left alone whose server asks programs to (robots.txt)",
        slot: |scrape| &mut scrape.robots,
    },
    Setting {
        name: "scrape.fresh",
        env: &["JAN_SCRAPE_FRESH"],
        doc: "How long a page that was read is told again without asking its server",
        slot: |scrape| &mut scrape.fresh,
    },
    Setting {
        name: "scrape.text_chars_max",
        env: &["JAN_SCRAPE_TEXT_CHARS_MAX", "MCP_MAX_SCRAPE_TEXT_CHARS"],
        doc: "Characters of a page that are told",
        slot: |scrape| &mut scrape.text_chars_max,
    },
    Setting {
        name: "scrape.preview_chars_max",
        env: &[
            "JAN_SCRAPE_PREVIEW_CHARS_MAX",
            "MCP_MAX_SCRAPE_PREVIEW_CHARS",
        ],
        doc: "Characters of a page's preview",
        slot: |scrape| &mut scrape.preview_chars_max,
    },
    Setting {
        name: "scrape.share",
        env: &["JAN_SCRAPE_SHARE"],
        doc: "Whether a public page that one reads can be found by everybody of its organisation",
        slot: |scrape| &mut scrape.share,
    },
    Setting {
        name: "scrape.kept",
        env: &["JAN_SCRAPE_KEPT"],
        doc: "How long pages that were read can be found by search",
        slot: |scrape| &mut scrape.kept,
    },
    Setting {
        name: "scrape.pages_max",
        env: &["JAN_SCRAPE_PAGES_MAX"],
        doc: "Pages that are kept at most; the oldest go first",
        slot: |scrape| &mut scrape.pages_max,
    },
];
