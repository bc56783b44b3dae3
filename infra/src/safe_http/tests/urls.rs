//! The table of `REFUSED`, called; and what passes.

use super::super::ourselves::OwnPlaces;
use super::super::vetting::Policy;
use super::canary::Canary;
use super::refused::REFUSED;
use super::{
    AddressRefusal, Outcome, PRETEND_PUBLIC, SafeHttp, SafeHttpSettings, ScriptedLookup, call,
    client,
};
use AddressRefusal as R;
use proptest::prelude::{prop_assert, proptest};

fn knowing_client(port: u16) -> SafeHttp {
    let lookup = ScriptedLookup::default()
        .knowing("rebound.example", &[&["127.0.0.1"]])
        .knowing("mixed.example", &[&["127.77.0.1", "127.0.0.1"]])
        .knowing("six.example", &[&["::1"]])
        .knowing("meta.example", &[&["169.254.169.254"]])
        .knowing("xn--nbound-2ya.example", &[&["127.0.0.1"]]);
    client(&[port], &[PRETEND_PUBLIC], lookup)
}

#[tokio::test]
async fn no_spelling_of_the_inside_is_called() {
    let four = Canary::at("127.0.0.1:0").await;
    let six = Canary::at(&format!("[::1]:{}", four.port())).await;
    let client = knowing_client(four.port());
    let (mut tried, mut otherwise) = (0, Vec::new());
    for (refusal, urls) in REFUSED {
        for url in *urls {
            let url = url.replace("{port}", &four.port().to_string());
            let outcome = call(&client, &url).await;
            if outcome != Outcome::Refused(*refusal) {
                otherwise.push((url, *refusal, outcome));
            }
            tried += 1;
        }
    }
    assert!(otherwise.is_empty(), "{otherwise:#?}");
    assert!(tried >= 150, "{tried}");
    assert_eq!((four.connections(), six.connections()), (0, 0));
}

#[test]
fn what_is_public_passes_as_it_was_read() {
    let client = knowing_client(8443);
    for (url, read) in [
        ("https://tools.example/mcp", "https://tools.example/mcp"),
        (
            "HTTPS://Tools.Example:443/mcp?key=1",
            "https://tools.example/mcp?key=1",
        ),
        (
            "https://tools.example./mcp#part",
            "https://tools.example/mcp",
        ),
        (
            "https://tools.example#@127.0.0.1/",
            "https://tools.example/",
        ),
        ("https://tools.example:8443", "https://tools.example:8443/"),
        (
            "https://bücher.example/ä",
            "https://xn--bcher-kva.example/%C3%A4",
        ),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
        ("https://local.example/", "https://local.example/"),
        (
            "https://notlocalhost.example/",
            "https://notlocalhost.example/",
        ),
    ] {
        assert_eq!(client.vet(url).unwrap().as_str(), read);
    }
}

#[test]
fn without_the_operators_word_only_https_at_its_port_is_called() {
    let client = SafeHttp::try_new(&SafeHttpSettings::default()).unwrap();
    let refusal = |url: &str| client.vet(url).err();
    assert_eq!(refusal("https://tools.example/"), None);
    assert_eq!(refusal("http://tools.example/"), Some(R::Scheme));
    assert_eq!(refusal("https://tools.example:8443/"), Some(R::Port));
    let long = format!("https://tools.example/{}", "a".repeat(2_048));
    assert_eq!(refusal(&long), Some(R::TooLong));
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    /// Whatever passes is either a name, which is still to be resolved, or a public address.
    #[test]
    fn no_text_passes_as_an_address_of_the_inside(
        text in "\\PC{0,40}|https?:/{0,3}[0-9a-fx.:%@#\\[\\]/\\\\]{0,40}"
    ) {
        let policy = Policy { own: OwnPlaces::default(), allowed: Vec::new(), allow_http: true, ports: vec![80, 443] };
        if let Ok((url, _)) = policy.vet(&text) {
            let passes = match url.host().unwrap() {
                url::Host::Domain(name) => name.contains('.') && !name.ends_with("localhost"),
                url::Host::Ipv4(address) => super::super::address::is_public(address.into()),
                url::Host::Ipv6(address) => super::super::address::is_public(address.into()),
            };
            prop_assert!(passes, "{url}");
        }
    }
}
