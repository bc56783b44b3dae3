use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Url;

use super::allowance::AllowedPlace;

/// Ports at which a public name of ours leads to us when none is said.
const USUAL_PORTS: [u16; 2] = [80, 443];

/// Where this server itself answers. Nobody is led back here, not even by a place the operator
/// allows: a server that calls itself for a caller does so with nobody's permissions but its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPlaces {
    listening: Option<SocketAddr>,
    named: Vec<AllowedPlace>,
}

impl OwnPlaces {
    /// What a server that listens here answers to.
    pub fn of(listening: SocketAddr) -> Self {
        let (address, port) = (listening.ip().to_canonical(), listening.port());
        let mut named = vec![AllowedPlace::at(address, port)];
        if address.is_unspecified() || address.is_loopback() {
            let four = AllowedPlace::block(Ipv4Addr::new(127, 0, 0, 0).into(), 8, port);
            let addresses: [IpAddr; 3] = [
                Ipv4Addr::UNSPECIFIED.into(),
                Ipv6Addr::UNSPECIFIED.into(),
                Ipv6Addr::LOCALHOST.into(),
            ];
            named.push(four);
            named.extend(addresses.map(|address| AllowedPlace::at(address, port)));
            named.extend(
                "localhost"
                    .parse()
                    .map(|place: AllowedPlace| place.or_port(port)),
            );
        }
        Self {
            listening: Some(listening),
            named,
        }
    }

    /// Also what the operator calls it: `jan.example` or `jan.example:8443`. A name without a port is
    /// ours at the usual ones and where we listen; other ports of that machine are not.
    #[must_use]
    pub fn also(mut self, host: &str) -> Self {
        let Ok(place) = host.parse::<AllowedPlace>() else {
            return self;
        };
        let listening = self.listening.map(|listening| listening.port());
        let ports = USUAL_PORTS.into_iter().chain(listening);
        let places = ports.map(|port| place.clone().or_port(port));
        self.named.extend(places);
        self
    }

    /// Also the server at this URL, such as the issuer of our tokens. One on loopback says nothing.
    #[must_use]
    pub fn also_at(self, url: &str) -> Self {
        let url = Url::parse(url).ok();
        let place = url.as_ref().and_then(|url| {
            let (host, port) = (url.host_str()?, url.port_or_known_default()?);
            format!("{host}:{port}").parse::<AllowedPlace>().ok()
        });
        match place {
            Some(place) if !place.is_loopback() => self.also(&place.to_string()),
            _ => self,
        }
    }

    /// Whether a URL says that it is us.
    pub(super) fn are_named_by(&self, url: &Url) -> bool {
        self.named.iter().any(|place| place.is_named_by(url))
    }

    /// Whether a connection, whatever name led to it, has come back to us. Who listens everywhere
    /// knows itself by a connection that has one address at both ends.
    pub(super) fn are_reached(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let Some(listening) = self.listening.filter(|own| own.port() == to.port()) else {
            return false;
        };
        let (own, to) = (listening.ip().to_canonical(), to.ip().to_canonical());
        let everywhere =
            own.is_unspecified() && (to.is_loopback() || to == from.ip().to_canonical());
        own == to || everywhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(own: &OwnPlaces, url: &str) -> bool {
        own.are_named_by(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_name_of_ours_is_us_where_we_answer_and_nowhere_else() {
        let own = OwnPlaces::of("10.0.0.7:8000".parse().unwrap())
            .also("jan.example")
            .also("api.example:8443")
            .also_at("https://id.example/auth")
            .also_at("http://127.0.0.1:9000");
        for url in [
            "https://jan.example/v1/models",
            "http://JAN.example/",
            "http://jan.example:8000/mcp",
            "https://api.example:8443/",
            "https://id.example/",
            "http://10.0.0.7:8000/",
        ] {
            assert!(names(&own, url), "{url}");
        }
        for url in [
            "https://jan.example:9443/",
            "https://not-jan.example/",
            "https://jan.example.evil.example/",
            "https://api.example/",
            "http://id.example:81/",
            "http://127.0.0.1:9000/",
            "http://10.0.0.7:8001/",
        ] {
            assert!(!names(&own, url), "{url}");
        }
    }

    #[test]
    fn who_listens_everywhere_is_at_every_address_of_its_machine() {
        let own = OwnPlaces::of("[::]:8000".parse().unwrap());
        for url in [
            "http://127.9.9.9:8000",
            "http://[::1]:8000",
            "http://localhost:8000",
        ] {
            assert!(names(&own, url), "{url}");
        }
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(own.are_reached(at("10.0.0.7:50000"), at("10.0.0.7:8000")));
        assert!(own.are_reached(at("127.0.0.1:50000"), at("127.0.0.2:8000")));
        assert!(own.are_reached(at("10.0.0.7:1"), at("[::ffff:10.0.0.7]:8000")));
        assert!(!own.are_reached(at("10.0.0.7:50000"), at("10.0.0.8:8000")));
        assert!(!own.are_reached(at("10.0.0.7:50000"), at("10.0.0.7:8001")));
        let one = OwnPlaces::of(at("10.0.0.7:8000"));
        assert!(one.are_reached(at("10.0.0.9:50000"), at("10.0.0.7:8000")));
        assert!(!OwnPlaces::default().are_reached(at("127.0.0.1:1"), at("127.0.0.1:8000")));
    }
}
