use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;
use super::allowance::AllowedPlace;
use super::ourselves::OwnPlaces;

/// Longest address we read.
const URL_BYTES_MAX: usize = 2_048;
/// Names that never lead outside. Resolving would find that out too; this saves the question.
const INSIDE_SUFFIXES: [&str; 6] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "home.arpa",
];

/// Why an address is not called. For the operator's log: the caller is told only that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// Longer than any honest address.
    #[error("it is too long")]
    TooLong,
    /// It contains what parsers disagree about: blanks, control characters, a backslash.
    #[error("it contains blanks, control characters or a backslash")]
    Ambiguous,
    /// Not a URL.
    #[error("it is not a URL")]
    Malformed,
    /// Neither `https:` nor, where that is allowed, `http:`.
    #[error("its scheme is not allowed")]
    Scheme,
    /// Credentials in the address end up in logs.
    #[error("it contains a user name or password")]
    UserInfo,
    /// A port behind which something else than a web server may listen.
    #[error("its port is not allowed")]
    Port,
    /// The host is an address of somebody's inside, or a name for one.
    #[error("its host is not public")]
    NotPublic,
    /// It is this server: whoever sent it here would have it call itself.
    #[error("it is this server's own")]
    Ourselves,
    /// The name leads to an address of somebody's inside.
    #[error("its name resolves to an address that is not public")]
    ResolvesInside,
    /// The name leads nowhere, to too many places, or its servers are too slow.
    #[error("its name does not resolve")]
    Unresolved,
}

/// What may be called.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) own: OwnPlaces,
    pub(super) allowed: Vec<AllowedPlace>,
    pub(super) allow_http: bool,
    pub(super) ports: Vec<u16>,
}

impl Policy {
    /// Reads an address once; from here on only what was read is used, never the text. Answers
    /// whether the operator named the place.
    pub(super) fn vet(&self, text: &str) -> Result<(Url, bool), AddressRefusal> {
        let url = parse(text)?;
        if self.own.are_named_by(&url) {
            return Err(AddressRefusal::Ourselves);
        }
        let named = self.allowed.iter().any(|place| place.is_named_by(&url));
        if named {
            return Ok((url, true));
        }
        if url.scheme() != "https" && !self.allow_http {
            return Err(AddressRefusal::Scheme);
        }
        let port = url.port_or_known_default();
        if !port.is_some_and(|port| self.ports.contains(&port)) {
            return Err(AddressRefusal::Port);
        }
        match url.host() {
            Some(Host::Domain(name)) if is_outside(name) => Ok((url, false)),
            Some(Host::Ipv4(address)) if self.reaches(IpAddr::V4(address)) => Ok((url, false)),
            Some(Host::Ipv6(address)) if self.reaches(IpAddr::V6(address)) => Ok((url, false)),
            _ => Err(AddressRefusal::NotPublic),
        }
    }

    /// Whether an address may be connected to, whatever name led there.
    pub(super) fn reaches(&self, address: IpAddr) -> bool {
        is_public(address) || self.allowed.iter().any(|place| place.holds(address))
    }
}

fn parse(text: &str) -> Result<Url, AddressRefusal> {
    if text.len() > URL_BYTES_MAX {
        return Err(AddressRefusal::TooLong);
    }
    if is_ambiguous(text) {
        return Err(AddressRefusal::Ambiguous);
    }
    let mut url = Url::parse(text).map_err(|_| AddressRefusal::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressRefusal::Scheme);
    }
    // The parser forgives `https:host` and `https:///host`; other readers see no host there.
    let rest = &text[url.scheme().len()..];
    if !rest.starts_with("://") || rest.starts_with(":///") {
        return Err(AddressRefusal::Malformed);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefusal::UserInfo);
    }
    url.set_fragment(None);
    without_final_dot(url)
}

/// Whether a text contains what parsers disagree about.
pub(super) fn is_ambiguous(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
}

/// `example.com.` is `example.com` to a resolver, and has to be to every list of names.
fn without_final_dot(mut url: Url) -> Result<Url, AddressRefusal> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(url);
    };
    if let Some(name) = name.strip_suffix('.').map(str::to_owned) {
        url.set_host(Some(&name))
            .map_err(|_| AddressRefusal::Malformed)?;
    }
    Ok(url)
}

/// Whether a name could lead outside. One without a dot is a neighbour's.
fn is_outside(name: &str) -> bool {
    let inside = |suffix: &&str| {
        name.strip_suffix(*suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    name.contains('.') && !name.ends_with('.') && !INSIDE_SUFFIXES.iter().any(inside)
}
