use jan_domain::ports::ServerAuth;
use jan_domain::tool_permissions::ToolAllowance;

use super::error::ConfigError;
use super::setting::{Setting, SettingLine, Source};
use super::sources::Sources;
use super::value::{Written, list_of};
use crate::tools::{Pins, ToolLimits, ToolServerSettings, ToolSettings};

/// The server of Jan Server's own variable.
const JAN_TOOLS: &str = "jan";

const SETTINGS: &[Setting<ToolSettings>] = &[
    Setting {
        name: "tools.allow_private",
        env: &["JAN_TOOLS_ALLOW_PRIVATE"],
        doc: "Places callers may name as tool servers although they are not public: hosts, addresses, networks",
        slot: |tools| &mut tools.allowed,
    },
    Setting {
        name: "tools.allow_http",
        env: &["JAN_TOOLS_ALLOW_HTTP"],
        doc: "Whether callers may name public tool servers without TLS",
        slot: |tools| &mut tools.allow_http,
    },
    Setting {
        name: "tools.ports",
        env: &["JAN_TOOLS_PORTS"],
        doc: "Ports at the public tool servers that callers name",
        slot: |tools| &mut tools.ports,
    },
    Setting {
        name: "tools.caller_headers",
        env: &["JAN_TOOLS_CALLER_HEADERS"],
        doc: "Headers callers may send to their tool servers, besides authorization, api-key and most x-…",
        slot: |tools| &mut tools.caller_headers,
    },
    Setting {
        name: "tools.pins",
        env: &["JAN_TOOLS_PINS"],
        doc: "Lists of tools that are not as approved: off, warn, enforce, or given (enforce where there is a pin, else warn)",
        slot: |tools| &mut tools.pins,
    },
    Setting {
        name: "tools.allowed",
        env: &["JAN_TOOLS_ALLOWED"],
        doc: "The deployment's own tools that callers may use: all, read_only, or names",
        slot: |tools| &mut tools.permissions.everyone,
    },
    Setting {
        name: "tools.guests_may",
        env: &["JAN_TOOLS_GUESTS_MAY"],
        doc: "Those of them that guests may use: all, read_only, or names",
        slot: |tools| &mut tools.permissions.guests,
    },
    Setting {
        name: "tools.direct_calls_max",
        env: &["JAN_TOOLS_DIRECT_CALLS_MAX"],
        doc: "Tool calls that one caller makes itself over MCP, at once",
        slot: |tools| &mut tools.direct_calls_max,
    },
    Setting {
        name: "tools.connect_timeout",
        env: &["JAN_TOOLS_CONNECT_TIMEOUT"],
        doc: "To open a connection to a tool server",
        slot: |tools| &mut tools.limits.connect,
    },
    Setting {
        name: "tools.list_timeout",
        env: &["JAN_TOOLS_LIST_TIMEOUT"],
        doc: "To open a session with a tool server, and to list its tools",
        slot: |tools| &mut tools.limits.list,
    },
    Setting {
        name: "tools.call_timeout",
        env: &["JAN_TOOLS_CALL_TIMEOUT", "TOOL_EXECUTION_TIMEOUT"],
        doc: "For one call of a tool",
        slot: |tools| &mut tools.limits.call,
    },
    Setting {
        name: "tools.list_ttl",
        env: &["JAN_TOOLS_LIST_TTL"],
        doc: "How long a list of tools is remembered, unless its server says less",
        slot: |tools| &mut tools.limits.list_ttl,
    },
    Setting {
        name: "tools.session_idle",
        env: &["JAN_TOOLS_SESSION_IDLE"],
        doc: "How long an unused session with a tool server is kept",
        slot: |tools| &mut tools.limits.session_idle,
    },
    Setting {
        name: "tools.tools_max",
        env: &["JAN_TOOLS_MAX"],
        doc: "Tools of one server; more are left out",
        slot: |tools| &mut tools.limits.tools_max,
    },
    Setting {
        name: "tools.list_bytes_max",
        env: &["JAN_TOOLS_LIST_BYTES_MAX"],
        doc: "Size of one server's list of tools",
        slot: |tools| &mut tools.limits.list_bytes_max,
    },
    Setting {
        name: "tools.result_bytes_max",
        env: &["JAN_TOOLS_RESULT_BYTES_MAX"],
        doc: "Size of a result's texts and its structured value",
        slot: |tools| &mut tools.limits.result_bytes_max,
    },
];

/// `all`, `read_only`, or names.
impl Written for ToolAllowance {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match list_of(text).collect::<Vec<_>>().as_slice() {
            [] => Err("all, read_only, or names of tools"),
            ["all"] => Ok(Self::default()),
            ["read_only"] => Ok(Self::read_only()),
            names => Ok(Self::only(
                names.iter().map(|&name| name.to_owned()).collect(),
            )),
        }
    }

    fn write(&self) -> String {
        match &self.names {
            Some(names) => names.iter().cloned().collect::<Vec<_>>().join(","),
            None if self.read_only => "read_only".to_owned(),
            None => "all".to_owned(),
        }
    }
}

/// `MCP_TOOLS_URL`: the shortest way to one tool server, which is then called `jan`.
const JAN_TOOLS_SETTINGS: &[Setting<Option<String>>] = &[Setting {
    name: "tools.url",
    env: &["JAN_TOOLS_URL", "MCP_TOOLS_URL"],
    doc: "MCP endpoint of one tool server of the deployment's own, named 'jan'",
    slot: |url| url,
}];

/// One `[[tool_servers]]` table while it is read.
struct Entry {
    server: ToolServerSettings,
    api_key_env: Option<String>,
    client_secret_env: Option<String>,
    pin: Option<Pin>,
}

/// The hash of a list of tools.
struct Pin(String);

impl Written for Pin {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = text.strip_prefix("sha256:").unwrap_or_default();
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() == 64 && digits.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err("sha256: and 64 hexadecimal digits in lower case")
        }
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Written for Pins {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "given" => Ok(Self::Given),
            "off" => Ok(Self::Off),
            "warn" => Ok(Self::Warn),
            "enforce" => Ok(Self::Enforce),
            _ => Err("given, off, warn or enforce"),
        }
    }

    fn write(&self) -> String {
        let word = match self {
            Self::Given => "given",
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        };
        word.to_owned()
    }
}

impl Written for ServerAuth {
    fn parse(text: &str) -> Result<Self, &'static str> {
        Self::parse(text).ok_or("key, caller or client")
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

const ENTRY_SETTINGS: &[Setting<Entry>] = &[
    Setting {
        name: "name",
        env: &[],
        doc: "Its name in logs; unique and required",
        slot: |entry| &mut entry.server.name,
    },
    Setting {
        name: "url",
        env: &[],
        doc: "Its MCP endpoint (streamable HTTP); required",
        slot: |entry| &mut entry.server.url,
    },
    Setting {
        name: "api_key",
        env: &[],
        doc: "Sent as a bearer token; better kept in a variable, see api_key_env",
        slot: |entry| &mut entry.server.api_key,
    },
    Setting {
        name: "api_key_env",
        env: &[],
        doc: "Environment variable that holds the API key",
        slot: |entry| &mut entry.api_key_env,
    },
    Setting {
        name: "auth",
        env: &[],
        doc: "Whose word opens it: key (api_key, or nothing), caller (each caller's own), client (client_id and client_secret at its authorization server)",
        slot: |entry| &mut entry.server.auth,
    },
    Setting {
        name: "client_id",
        env: &[],
        doc: "Who we are to its authorization server, where that was settled beforehand",
        slot: |entry| &mut entry.server.client_id,
    },
    Setting {
        name: "client_secret",
        env: &[],
        doc: "By what it believes us; better kept in a variable, see client_secret_env",
        slot: |entry| &mut entry.server.client_secret,
    },
    Setting {
        name: "client_secret_env",
        env: &[],
        doc: "Environment variable that holds the client's secret",
        slot: |entry| &mut entry.client_secret_env,
    },
    Setting {
        name: "scopes",
        env: &[],
        doc: "What is asked for at its authorization server; what the server says when empty",
        slot: |entry| &mut entry.server.scopes,
    },
    Setting {
        name: "allowed_tools",
        env: &[],
        doc: "The tools that are offered; all of them when empty",
        slot: |entry| &mut entry.server.allowed_tools,
    },
    Setting {
        name: "pin",
        env: &[],
        doc: "The approved list of its tools, as `jan-server tools list` shows it (sha256:…)",
        slot: |entry| &mut entry.pin,
    },
    Setting {
        name: "tool_pins",
        env: &[],
        doc: "Approved single tools (name=sha256:…): offered even when the list has changed",
        slot: |entry| &mut entry.server.tool_pins,
    },
    Setting {
        name: "connect_timeout",
        env: &[],
        doc: "Like tools.connect_timeout",
        slot: |entry| &mut entry.server.limits.connect,
    },
    Setting {
        name: "list_timeout",
        env: &[],
        doc: "Like tools.list_timeout",
        slot: |entry| &mut entry.server.limits.list,
    },
    Setting {
        name: "call_timeout",
        env: &[],
        doc: "Like tools.call_timeout",
        slot: |entry| &mut entry.server.limits.call,
    },
];

impl Entry {
    fn new(limits: &ToolLimits) -> Self {
        let mut server = ToolServerSettings::new("", "");
        server.limits = limits.clone();
        Self {
            server,
            api_key_env: None,
            client_secret_env: None,
            pin: None,
        }
    }
}

/// All there is to say about tools, the server of the environment first.
pub(super) fn read(sources: &mut Sources) -> Result<ToolSettings, ConfigError> {
    let mut tools = ToolSettings::default();
    sources.read(SETTINGS, &mut tools)?;
    let mut url = None;
    sources.read(JAN_TOOLS_SETTINGS, &mut url)?;
    let jan = url.map(|url| ToolServerSettings {
        limits: tools.limits.clone(),
        ..ToolServerSettings::new(JAN_TOOLS, url)
    });
    tools.servers.extend(jan);
    for (index, table) in sources.tables("tool_servers").into_iter().enumerate() {
        let prefix = format!("tool_servers[{index}].");
        sources.require(&prefix, &table, &["name", "url"])?;
        let mut entry = Entry::new(&tools.limits);
        sources.read_table(&prefix, ENTRY_SETTINGS, table, &mut entry)?;
        if let Some(variable) = entry.api_key_env.take() {
            entry.server.api_key = Some(sources.key_of(&prefix, variable)?);
        }
        if let Some(variable) = entry.client_secret_env.take() {
            entry.server.client_secret = Some(sources.key_of(&prefix, variable)?);
        }
        entry.server.pin = entry.pin.map(|pin| pin.0);
        tools.servers.push(entry.server);
    }
    Ok(tools)
}

/// What a `[[tool_servers]]` table may say, for whoever has none yet.
pub(super) fn documentation() -> Vec<SettingLine> {
    let mut entry = Entry::new(&ToolLimits::default());
    let line = |setting: &Setting<Entry>| {
        let default = (setting.slot)(&mut entry).show();
        SettingLine {
            name: format!("tool_servers[].{}", setting.name),
            env: setting.env,
            value: String::new(),
            default,
            source: Source::Default,
            doc: setting.doc,
        }
    };
    ENTRY_SETTINGS.iter().map(line).collect()
}
