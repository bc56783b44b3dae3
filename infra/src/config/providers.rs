use super::error::ConfigError;
use super::limits::Limits;
use super::setting::{Setting, SettingLine, Source};
use super::sources::Sources;
use crate::model_provider::ProviderSettings;
use crate::secret::Secret;

/// The provider of Jan Server's own variables.
const DEFAULT_NODE: &str = "jan";

/// `JAN_DEFAULT_NODE_…`: the shortest way to one provider, which is then called `jan`.
#[derive(Debug, Clone)]
struct DefaultNode {
    enabled: bool,
    url: Option<String>,
    api_key: Option<Secret>,
}

const DEFAULT_NODE_SETTINGS: &[Setting<DefaultNode>] = &[
    Setting {
        name: "default_node.enabled",
        env: &["JAN_DEFAULT_NODE_SETUP"],
        doc: "Whether default_node.url is used",
        slot: |node| &mut node.enabled,
    },
    Setting {
        name: "default_node.url",
        env: &["JAN_DEFAULT_NODE_URL"],
        doc: "Base URL of an OpenAI-compatible provider, named 'jan'; replaces the local model",
        slot: |node| &mut node.url,
    },
    Setting {
        name: "default_node.api_key",
        env: &["JAN_DEFAULT_NODE_API_KEY"],
        doc: "Its API key",
        slot: |node| &mut node.api_key,
    },
];

/// One `[[providers]]` table while it is read.
struct Entry {
    provider: ProviderSettings,
    api_key_env: Option<String>,
}

const ENTRY_SETTINGS: &[Setting<Entry>] = &[
    Setting {
        name: "name",
        env: &[],
        doc: "Its name in records, metrics and logs; unique and required",
        slot: |entry| &mut entry.provider.name,
    },
    Setting {
        name: "base_url",
        env: &[],
        doc: "Everything before /chat/completions; required",
        slot: |entry| &mut entry.provider.base_url,
    },
    Setting {
        name: "api_key",
        env: &[],
        doc: "Sent as a bearer token; better kept in a variable, see api_key_env",
        slot: |entry| &mut entry.provider.api_key,
    },
    Setting {
        name: "api_key_env",
        env: &[],
        doc: "Environment variable that holds the API key",
        slot: |entry| &mut entry.api_key_env,
    },
    Setting {
        name: "models",
        env: &[],
        doc: "Models on offer without asking the provider: \"name\" or \"name=its own name\"",
        slot: |entry| &mut entry.provider.models,
    },
    Setting {
        name: "discover",
        env: &[],
        doc: "Whether to offer what the provider lists",
        slot: |entry| &mut entry.provider.discover,
    },
    Setting {
        name: "proxy",
        env: &[],
        doc: "Proxy for calls to this provider",
        slot: |entry| &mut entry.provider.proxy,
    },
    Setting {
        name: "connect_timeout",
        env: &[],
        doc: "Like limits.provider_connect_timeout",
        slot: |entry| &mut entry.provider.limits.connect,
    },
    Setting {
        name: "first_byte_timeout",
        env: &[],
        doc: "Like limits.provider_first_byte_timeout",
        slot: |entry| &mut entry.provider.limits.first_byte,
    },
    Setting {
        name: "first_byte_whole_timeout",
        env: &[],
        doc: "Like limits.provider_first_byte_whole_timeout",
        slot: |entry| &mut entry.provider.limits.first_byte_whole,
    },
    Setting {
        name: "silence_timeout",
        env: &[],
        doc: "Like limits.provider_silence_timeout",
        slot: |entry| &mut entry.provider.limits.silence,
    },
];

impl Entry {
    fn new(limits: &Limits) -> Self {
        let mut provider = ProviderSettings::new("", "");
        provider.limits = limits.provider.clone();
        Self {
            provider,
            api_key_env: None,
        }
    }
}

/// All providers, the one of the environment first.
pub(super) fn read(
    sources: &mut Sources,
    limits: &Limits,
) -> Result<Vec<ProviderSettings>, ConfigError> {
    let mut providers: Vec<_> = default_node(sources, limits)?.into_iter().collect();
    for (index, table) in sources.tables("providers").into_iter().enumerate() {
        let prefix = format!("providers[{index}].");
        sources.require(&prefix, &table, &["name", "base_url"])?;
        let mut entry = Entry::new(limits);
        sources.read_table(&prefix, ENTRY_SETTINGS, table, &mut entry)?;
        if let Some(variable) = entry.api_key_env.take() {
            entry.provider.api_key = Some(sources.key_of(&prefix, variable)?);
        }
        providers.push(entry.provider);
    }
    Ok(providers)
}

fn default_node(
    sources: &mut Sources,
    limits: &Limits,
) -> Result<Option<ProviderSettings>, ConfigError> {
    let mut node = DefaultNode {
        enabled: true,
        url: None,
        api_key: None,
    };
    sources.read(DEFAULT_NODE_SETTINGS, &mut node)?;
    let Some(url) = node.url.filter(|_| node.enabled) else {
        return Ok(None);
    };
    let mut provider = ProviderSettings::new(DEFAULT_NODE, url);
    provider.api_key = node.api_key;
    provider.limits = limits.provider.clone();
    Ok(Some(provider))
}

/// What a `[[providers]]` table may say, for whoever has none yet.
pub(super) fn documentation(limits: &Limits) -> Vec<SettingLine> {
    let mut entry = Entry::new(limits);
    let line = |setting: &Setting<Entry>| {
        let default = (setting.slot)(&mut entry).show();
        SettingLine {
            name: format!("providers[].{}", setting.name),
            env: setting.env,
            value: String::new(),
            default,
            source: Source::Default,
            doc: setting.doc,
        }
    };
    ENTRY_SETTINGS.iter().map(line).collect()
}
