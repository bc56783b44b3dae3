use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::setting::Setting;
use super::value::{Written, list_of};

/// Where the server listens and what this process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Address to listen on. The default is reachable from this machine only.
    pub bind: IpAddr,
    /// Port of every door; 0 takes a free one.
    pub port: u16,
    /// Parts of the work this process takes on.
    pub roles: Roles,
    /// Origins whose pages may call the API. Compared exactly.
    pub cors_origins: Origins,
}

impl ServerSettings {
    /// Both halves of where to listen.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 8000,
            roles: Roles {
                api: true,
                worker: true,
                projector: true,
            },
            cors_origins: Origins(
                [
                    "http://localhost",
                    "http://localhost:3000",
                    "http://localhost:8080",
                    "http://127.0.0.1",
                ]
                .map(str::to_owned)
                .to_vec(),
            ),
        }
    }
}

/// Which parts of the work one process does. One process does all of them unless told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Answers requests.
    pub api: bool,
    /// Takes over model calls of dead processes.
    pub worker: bool,
    /// Keeps read models up to date.
    pub projector: bool,
}

impl Written for Roles {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut roles = Self {
            api: false,
            worker: false,
            projector: false,
        };
        for role in list_of(text) {
            match role {
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "projector" => roles.projector = true,
                _ => return Err(ROLES),
            }
        }
        if roles.api || roles.worker || roles.projector {
            Ok(roles)
        } else {
            Err(ROLES)
        }
    }

    fn write(&self) -> String {
        let names = [
            ("api", self.api),
            ("worker", self.worker),
            ("projector", self.projector),
        ];
        names
            .iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(",")
    }
}

const ROLES: &str = "one or more of api, worker and projector";

/// Origins as browsers send them: `scheme://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// None.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// All of them.
    pub fn to_vec(&self) -> Vec<String> {
        self.0.clone()
    }
}

impl Written for Origins {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let checked = list_of(text).map(|origin| match origin {
            "*" => Err(NO_WILDCARD),
            _ if is_origin(origin) => Ok(origin.to_owned()),
            _ => Err(ORIGINS),
        });
        checked.collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> String {
        self.0.join(",")
    }
}

const NO_WILDCARD: &str =
    "origins by name; '*' would let any page act with the credentials of who visits it";
const ORIGINS: &str = "origins such as https://app.example:8443, in lower case and without a path";

/// Whether a browser could send it. Anything else would never match, and nobody would be told.
fn is_origin(text: &str) -> bool {
    let Some((scheme, place)) = text.split_once("://") else {
        return false;
    };
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host_fits = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| small(c) || matches!(c, '-' | '.' | '_'))
        }
    };
    let port_fits = port.is_none_or(|port| {
        port.starts_with(|c: char| c.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .chars()
            .all(|c| small(c) || matches!(c, '+' | '-' | '.'));
    scheme_fits && host_fits && port_fits
}

pub(super) const SETTINGS: &[Setting<ServerSettings>] = &[
    Setting {
        name: "server.bind",
        env: &["JAN_BIND"],
        doc: "Address to listen on; 0.0.0.0 is reachable from other machines",
        slot: |server| &mut server.bind,
    },
    Setting {
        name: "server.port",
        env: &["JAN_PORT", "HTTP_PORT"],
        doc: "Port to listen on; 0 takes a free one",
        slot: |server| &mut server.port,
    },
    Setting {
        name: "server.roles",
        env: &["JAN_ROLES"],
        doc: "What this process does: api, worker, projector",
        slot: |server| &mut server.roles,
    },
    Setting {
        name: "server.cors_origins",
        env: &["JAN_CORS_ORIGINS"],
        doc: "Origins whose pages may call the API, compared exactly",
        slot: |server| &mut server.cors_origins,
    },
];

#[cfg(test)]
mod tests {
    use super::{NO_WILDCARD, ORIGINS, Origins, Written};

    #[test]
    fn origins_are_what_browsers_send() {
        let text = "http://localhost,https://app.example:8443,http://[::1]:3000,tauri://localhost";
        let origins = Origins::parse(&text.replace(',', ", ")).unwrap();
        assert_eq!(origins.to_vec().len(), 4);
        assert_eq!(origins.write(), text);
        assert_eq!(Origins::parse("").unwrap().to_vec().len(), 0);
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        assert_eq!(Origins::parse("http://localhost,*"), Err(NO_WILDCARD));
        for wrong in [
            "null",
            "localhost:3000",
            "http://",
            "://localhost",
            "http://localhost/",
            "http://localhost:port",
            "http://localhost:",
            "http://localhost:99999",
            "http://localhost:+80",
            "http://*.example",
            "http://a@localhost",
            "http://[localhost]",
            "HTTP://localhost",
            "http://Localhost",
            "http://caf\u{e9}",
            "http://a\u{7f}b",
        ] {
            assert_eq!(Origins::parse(wrong), Err(ORIGINS), "{wrong}");
        }
    }
}
