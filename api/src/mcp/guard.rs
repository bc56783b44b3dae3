//! Against pages of the web that reach this server through the browser of somebody beside it: by a
//! name of their own that points here, or from where they are.

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use crate::error::ApiError;
use crate::state::McpDoor;

/// Names of this machine that no other machine can be reached by.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Refuses a request for a host that is not ours, or from a page that is not allowed.
pub(super) fn check(headers: &HeaderMap, uri: &Uri, door: &McpDoor) -> Result<(), ApiError> {
    if !door.hosts.is_empty() && !is_ours(headers, uri, door) {
        return Err(ApiError::misdirected());
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if origins.all(|origin| origin.to_str().is_ok_and(|origin| may_call(origin, door))) {
        Ok(())
    } else {
        Err(ApiError::forbidden(
            "Pages of this origin may not call this server.",
        ))
    }
}

fn is_ours(headers: &HeaderMap, uri: &Uri, door: &McpDoor) -> bool {
    let said = headers.get(header::HOST).map(|host| host.to_str().ok());
    let authority = match said {
        Some(host) => host.and_then(|host| Authority::try_from(host).ok()),
        None => uri.authority().cloned(),
    };
    authority.is_some_and(|authority| {
        let (whole, host) = (authority.as_str(), authority.host());
        let mut ours = door.hosts.iter();
        ours.any(|ours| ours.eq_ignore_ascii_case(whole) || ours.eq_ignore_ascii_case(host))
    })
}

/// Compared exactly, as browsers send it; a page of this machine may have any port.
fn may_call(origin: &str, door: &McpDoor) -> bool {
    let local = || {
        let place = origin.strip_prefix("http://");
        let place = place.and_then(|place| Authority::try_from(place).ok());
        place.is_some_and(|place| LOOPBACK.contains(&place.host()))
    };
    door.origins.iter().any(|allowed| allowed == origin) || door.local_origins && local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> McpDoor {
        McpDoor {
            hosts: vec!["localhost".to_owned(), "jan.example:8443".to_owned()],
            origins: vec!["https://app.example".to_owned()],
            local_origins: true,
            open: true,
            body_bytes: 1,
            base: String::new(),
        }
    }

    fn passes(host: &str, origins: &[&str], door: &McpDoor) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        check(&headers, &Uri::from_static("/mcp"), door).is_ok()
    }

    #[test]
    fn only_our_own_hosts_are_answered() {
        for host in ["localhost", "LOCALHOST:8000", "jan.example:8443"] {
            assert!(passes(host, &[], &door()), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "jan.example",
            "jan.example:1",
            "",
        ] {
            assert!(!passes(host, &[], &door()), "{host}");
        }
        let anywhere = McpDoor {
            hosts: Vec::new(),
            ..door()
        };
        assert!(passes("evil.example", &[], &anywhere));
    }

    #[test]
    fn only_pages_that_are_allowed_may_call() {
        for origin in [
            "https://app.example",
            "http://localhost:6274",
            "http://[::1]:1",
        ] {
            assert!(passes("localhost", &[origin], &door()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://app.example.evil.example",
            "https://app.example:8443",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "https://localhost",
        ] {
            assert!(!passes("localhost", &[origin], &door()), "{origin}");
        }
        assert!(!passes(
            "localhost",
            &["https://app.example", "https://evil.example"],
            &door()
        ));
        let elsewhere = McpDoor {
            local_origins: false,
            ..door()
        };
        assert!(!passes("localhost", &["http://localhost:6274"], &elsewhere));
    }
}
