use std::net::{IpAddr, SocketAddr};

use jan_infra::config::{AuthSettings, McpSettings, ServerSettings};

use crate::state::McpDoor;

/// Names of this machine that no other machine can be reached by.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Who may come to the MCP endpoint. On loopback, a page that has its own name point at this machine
/// is kept out by the host and by its origin; elsewhere, whoever comes needs a token.
pub fn mcp_door(server: &ServerSettings, auth: &AuthSettings, mcp: &McpSettings) -> McpDoor {
    let local = server.bind.is_loopback();
    let mut hosts = mcp.hosts.to_vec();
    if hosts.is_empty() && local {
        hosts.extend(LOOPBACK_HOSTS.map(str::to_owned));
        hosts.push(written(server.bind));
    }
    let mut origins = server.cors_origins.to_vec();
    origins.extend(mcp.origins.to_vec());
    McpDoor {
        hosts,
        origins,
        local_origins: local,
        open: mcp.open.unwrap_or(local),
        body_bytes: mcp.body_bytes_max,
        base: auth.issuer.trim_end_matches('/').to_owned(),
    }
}

/// The same door, told by where the server really listens, if nobody has said how it is reached and
/// only this machine can reach it.
pub(super) fn found_at(door: McpDoor, listening: SocketAddr) -> McpDoor {
    let unsaid = door.base == AuthSettings::default().issuer.trim_end_matches('/');
    if unsaid && listening.ip().is_loopback() {
        return McpDoor {
            base: format!("http://{listening}"),
            ..door
        };
    }
    door
}

fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(bind: &str, mcp: &McpSettings) -> McpDoor {
        let server = ServerSettings {
            bind: bind.parse().unwrap(),
            ..ServerSettings::default()
        };
        mcp_door(&server, &AuthSettings::default(), mcp)
    }

    #[test]
    fn a_server_on_loopback_is_open_to_this_machine_only() {
        let usual = McpSettings::default();
        for bind in ["127.0.0.1", "::1"] {
            let door = door(bind, &usual);
            assert!(door.open && door.local_origins, "{bind}");
            assert!(door.hosts.contains(&"localhost".to_owned()), "{bind}");
        }
        let door = door("0.0.0.0", &usual);
        assert!(!door.open && !door.local_origins && door.hosts.is_empty());
    }

    #[test]
    fn what_the_operator_says_counts() {
        let closed = McpSettings {
            open: Some(false),
            ..McpSettings::default()
        };
        assert!(!door("127.0.0.1", &closed).open);
        let opened = McpSettings {
            open: Some(true),
            ..McpSettings::default()
        };
        assert!(door("0.0.0.0", &opened).open);
    }

    #[test]
    fn a_door_that_nobody_has_named_is_told_by_its_address() {
        let at = |listening: &str, bind| {
            let door = door(bind, &McpSettings::default());
            found_at(door, listening.parse().unwrap()).base
        };
        let unsaid = AuthSettings::default().issuer;
        assert_eq!(at("127.0.0.1:8123", "127.0.0.1"), "http://127.0.0.1:8123");
        assert_eq!(at("[::1]:8123", "::1"), "http://[::1]:8123");
        assert_eq!(at("0.0.0.0:8123", "0.0.0.0"), unsaid.trim_end_matches('/'));
        let named = McpDoor {
            base: "https://jan.example".to_owned(),
            ..door("127.0.0.1", &McpSettings::default())
        };
        let listening = "127.0.0.1:8123".parse().unwrap();
        assert_eq!(found_at(named, listening).base, "https://jan.example");
    }
}
