use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::address::within;

const EXPECTED: &str =
    "hosts, addresses or networks such as tools.internal:9000, 127.0.0.1:9000 or 10.0.0.0/8";

/// A place that the operator lets callers name although it is not public, reachable by `http:` too.
///
/// `10.0.0.0/8` and `10.1.2.3` are addresses, however a caller comes to them and at any port;
/// `10.1.2.3:9000`, `tools.internal` and `tools.internal:9000` are what a URL has to say literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedPlace {
    host: AllowedHost,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AllowedHost {
    Block { first: IpAddr, bits: u32 },
    Name(String),
}

impl AllowedPlace {
    /// One port of one address.
    pub(super) fn at(address: IpAddr, port: u16) -> Self {
        Self::block(address, if address.is_ipv4() { 32 } else { 128 }, port)
    }

    /// One port of the addresses that begin with these bits.
    pub(super) fn block(first: IpAddr, bits: u32, port: u16) -> Self {
        Self {
            host: AllowedHost::Block { first, bits },
            port: Some(port),
        }
    }

    /// The same, at this port unless it names one.
    pub(super) fn or_port(self, port: u16) -> Self {
        Self {
            port: self.port.or(Some(port)),
            ..self
        }
    }

    /// Whether it is this machine's own in every network.
    pub(super) fn is_loopback(&self) -> bool {
        match &self.host {
            AllowedHost::Block { first, .. } => first.is_loopback(),
            AllowedHost::Name(name) => name == "localhost",
        }
    }

    /// Whether any port of this address may be connected to, whatever name led there.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        self.port.is_none() && self.host.holds(address)
    }

    /// Whether a URL says exactly this place.
    pub(super) fn is_named_by(&self, url: &Url) -> bool {
        let host = match (url.host(), &self.host) {
            (Some(Host::Domain(name)), AllowedHost::Name(allowed)) => name == allowed,
            (Some(Host::Ipv4(address)), host) => host.holds(IpAddr::V4(address)),
            (Some(Host::Ipv6(address)), host) => host.holds(IpAddr::V6(address)),
            _ => false,
        };
        host && (self.port.is_none() || self.port == url.port_or_known_default())
    }
}

impl AllowedHost {
    fn holds(&self, address: IpAddr) -> bool {
        match self {
            Self::Block { first, bits } => within(address, *first, *bits),
            Self::Name(_) => false,
        }
    }

    /// Reads `10.0.0.0/8`, an address, or a name as a URL would have it.
    fn parse(text: &str) -> Option<Self> {
        if let Some((first, bits)) = text.split_once('/') {
            let (first, bits) = (first.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?);
            let longest = if first.is_ipv4() { 32 } else { 128 };
            return (bits <= longest).then_some(Self::Block { first, bits });
        }
        let block = |first: IpAddr| Self::Block {
            bits: if first.is_ipv4() { 32 } else { 128 },
            first,
        };
        if let Ok(address) = text.parse() {
            return Some(block(address));
        }
        match Host::parse(text).ok()? {
            Host::Ipv4(address) => Some(block(IpAddr::V4(address))),
            Host::Ipv6(address) => Some(block(IpAddr::V6(address))),
            Host::Domain(name) => Some(Self::Name(name)),
        }
    }
}

impl FromStr for AllowedPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = split_port(text);
        let port = port.map(str::parse).transpose().map_err(|_| EXPECTED)?;
        let host = AllowedHost::parse(host).ok_or(EXPECTED)?;
        Ok(Self { host, port })
    }
}

/// Takes a port off the end, if there is one: neither a network nor a bare IPv6 address has any.
fn split_port(text: &str) -> (&str, Option<&str>) {
    let whole = text.contains('/') || text.ends_with(']') || text.parse::<IpAddr>().is_ok();
    match text.rsplit_once(':') {
        Some((host, port)) if !whole => (host, Some(port)),
        _ => (text, None),
    }
}

impl std::fmt::Display for AllowedPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            AllowedHost::Name(name) => f.write_str(name)?,
            AllowedHost::Block { first, bits } => match (first, bits) {
                (IpAddr::V4(first), 32) => write!(f, "{first}")?,
                (IpAddr::V6(first), 128) => write!(f, "[{first}]")?,
                _ => write!(f, "{first}/{bits}")?,
            },
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedPlace, IpAddr, Url};

    fn place(text: &str) -> AllowedPlace {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_reads_back_as_it_is_written() {
        for text in [
            "10.0.0.0/8",
            "10.1.2.3",
            "127.0.0.1:9000",
            "tools.internal",
            "tools.internal:9000",
            "localhost:1",
            "[::1]",
            "[::1]:9000",
            "fd00::/8",
        ] {
            assert_eq!(place(text).to_string(), text);
        }
        assert_eq!(place("::1").to_string(), "[::1]");
        for nonsense in [
            "",
            ":80",
            "10.0.0.0/33",
            "::/129",
            "a b",
            "a:b",
            "a:70000",
            "a/8",
            "10.0.0.0/8:80",
            "http://a",
        ] {
            assert!(nonsense.parse::<AllowedPlace>().is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn a_place_with_a_port_is_that_port_and_no_address_to_resolve_to() {
        let named =
            |place: &str, url: &str| self::place(place).is_named_by(&Url::parse(url).unwrap());
        assert!(named("127.0.0.1:9000", "http://127.0.0.1:9000/mcp"));
        assert!(!named("127.0.0.1:9000", "http://127.0.0.1:9001/mcp"));
        assert!(!named("127.0.0.1:9000", "http://localhost:9000/mcp"));
        assert!(named("127.0.0.0/8", "http://127.9.9.9:1/"));
        assert!(named("Tools.Internal", "https://tools.internal/"));
        assert!(named("tools.internal:443", "https://tools.internal/"));
        assert!(!named(
            "tools.internal",
            "https://tools.internal.evil.example/"
        ));
        let address: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(place("127.0.0.0/8").holds(address) && place("127.0.0.1").holds(address));
        assert!(!place("127.0.0.1:9000").holds(address) && !place("localhost").holds(address));
    }
}
