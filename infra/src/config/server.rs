use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    pub cors_origins: Vec<String>,
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
            cors_origins: [
                "http://localhost",
                "http://localhost:3000",
                "http://localhost:8080",
                "http://127.0.0.1",
            ]
            .map(str::to_owned)
            .to_vec(),
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
