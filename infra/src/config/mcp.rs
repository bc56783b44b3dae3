use super::server::Origins;
use super::setting::Setting;
use super::value::Written;

/// The MCP endpoint that the server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpSettings {
    /// Names under which it may be called. Nothing said: this machine's own on loopback, any
    /// elsewhere.
    pub hosts: Hosts,
    /// Origins whose pages may call it, besides those of the API.
    pub origins: Origins,
    /// Whether tools that read may be used without a token. Nothing said: on loopback.
    pub open: Option<bool>,
    /// Size of a message.
    pub body_bytes_max: usize,
}

impl Default for McpSettings {
    fn default() -> Self {
        Self {
            hosts: Hosts::default(),
            origins: Origins::none(),
            open: None,
            body_bytes_max: 4 << 20,
        }
    }
}

/// Hosts as clients send them: `name` or `name:port`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// All of them.
    pub fn to_vec(&self) -> Vec<String> {
        self.0.clone()
    }
}

impl From<Vec<String>> for Hosts {
    fn from(hosts: Vec<String>) -> Self {
        Self(hosts)
    }
}

impl Written for Hosts {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let hosts = <Vec<String> as Written>::parse(text)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_:[]".contains(c);
        if hosts.iter().all(|host| host.chars().all(fits)) {
            Ok(Self(hosts))
        } else {
            Err("hosts such as jan.example or jan.example:8443, in lower case")
        }
    }

    fn write(&self) -> String {
        self.0.join(",")
    }
}

pub(super) const SETTINGS: &[Setting<McpSettings>] = &[
    Setting {
        name: "mcp.hosts",
        env: &["JAN_MCP_HOSTS"],
        doc: "Hosts under which the MCP endpoint may be called; when empty, this machine's own if the server listens on loopback, else any",
        slot: |mcp| &mut mcp.hosts,
    },
    Setting {
        name: "mcp.origins",
        env: &["JAN_MCP_ORIGINS"],
        doc: "Origins whose pages may call the MCP endpoint, besides server.cors_origins; on loopback, this machine's own may too",
        slot: |mcp| &mut mcp.origins,
    },
    Setting {
        name: "mcp.open",
        env: &["JAN_MCP_OPEN"],
        doc: "Whether tools that only read may be used without a token; when nothing is said, if the server listens on loopback",
        slot: |mcp| &mut mcp.open,
    },
    Setting {
        name: "mcp.body_bytes_max",
        env: &["JAN_MCP_BODY_BYTES_MAX"],
        doc: "Size of one message to the MCP endpoint",
        slot: |mcp| &mut mcp.body_bytes_max,
    },
];

#[cfg(test)]
mod tests {
    use super::{Hosts, Written};

    #[test]
    fn hosts_are_what_clients_send() {
        let text = "jan.example,[::1]:8000,10.0.0.1";
        assert_eq!(Hosts::parse(text).unwrap().write(), text);
        for wrong in ["http://jan.example", "Jan.example", "a b", "*"] {
            assert!(Hosts::parse(wrong).is_err(), "{wrong}");
        }
    }
}
