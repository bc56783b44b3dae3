//! What is connected to, and what is never.

use std::time::Duration;

use super::canary::Canary;
use super::{
    AddressRefusal, Outcome, PRETEND_PUBLIC, SafeHttp, SafeHttpSettings, ScriptedLookup, call,
    client,
};

#[tokio::test]
async fn a_name_leads_to_the_address_that_was_looked_at() {
    let server = Canary::at("127.77.0.1:0").await;
    let lookup = ScriptedLookup::default().knowing("tools.example", &[&["127.77.0.1"]]);
    let client = client(&[server.port()], &[PRETEND_PUBLIC], lookup);
    let url = format!("http://tools.example:{}/mcp", server.port());
    assert_eq!(call(&client, &url).await, Outcome::Answered(204));
    assert_eq!(call(&client, &url).await, Outcome::Answered(204));
    assert_eq!(
        server.connections(),
        2,
        "no connection is kept for the next caller"
    );
}

#[tokio::test]
async fn one_private_answer_spoils_all() {
    let canary = Canary::at("127.0.0.1:0").await;
    let lookup = ScriptedLookup::default()
        .knowing("mixed.example", &[&["127.77.0.1", "127.0.0.1"]])
        .knowing("six.example", &[&["127.77.0.1", "::1"]])
        .knowing("mapped.example", &[&["::ffff:127.0.0.1"]]);
    let client = client(&[canary.port()], &[PRETEND_PUBLIC], lookup);
    for name in ["mixed.example", "six.example", "mapped.example"] {
        let url = format!("http://{name}:{}/", canary.port());
        assert_eq!(
            call(&client, &url).await,
            Outcome::Refused(AddressRefusal::ResolvesInside)
        );
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_never_reaches_the_inside() {
    let canary = Canary::at("127.0.0.1:0").await;
    let lookup = ScriptedLookup::default().knowing(
        "rebind.example",
        &[&["127.77.0.1"], &["127.0.0.1"], &["127.77.0.1"]],
    );
    let client = client(&[canary.port()], &[PRETEND_PUBLIC], lookup);
    let url = format!("http://rebind.example:{}/", canary.port());
    for _ in 0..200 {
        assert_ne!(call(&client, &url).await, Outcome::Answered(204));
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let canary = Canary::at("127.0.0.1:0").await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://127.0.0.1:{}/", canary.port());
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\nrefresh: 0;url={location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let server = Canary::answering("127.77.0.1:0", answer).await;
        let client = client(
            &[server.port(), canary.port()],
            &[PRETEND_PUBLIC],
            ScriptedLookup::default(),
        );
        let url = format!("http://127.77.0.1:{}/", server.port());
        assert_eq!(call(&client, &url).await, Outcome::Answered(status));
        assert_eq!(
            call(&client, &location).await,
            Outcome::Refused(AddressRefusal::NotPublic)
        );
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn too_many_answers_and_none_are_refused() {
    let many: Vec<String> = (1..=17).map(|last| format!("127.77.0.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let lookup = ScriptedLookup::default()
        .knowing("many.example", &[&many])
        .knowing("none.example", &[&[]]);
    let client = client(&[], &[PRETEND_PUBLIC], lookup);
    for name in ["many.example", "none.example", "unknown.example"] {
        let outcome = call(&client, &format!("http://{name}/")).await;
        assert_eq!(
            outcome,
            Outcome::Refused(AddressRefusal::Unresolved),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_slow_resolver_is_not_waited_for() {
    struct Slow;
    impl super::Lookup for Slow {
        fn look_up(
            &self,
            _: String,
        ) -> futures::future::BoxFuture<'static, std::io::Result<Vec<std::net::IpAddr>>> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_mins(1)).await;
                Ok(vec![[127, 77, 0, 1].into()])
            })
        }
    }
    let settings = SafeHttpSettings {
        connect: Duration::from_mins(2),
        ..SafeHttpSettings::default()
    };
    let client = SafeHttp::with_lookup(&settings, std::sync::Arc::new(Slow)).unwrap();
    let started = tokio::time::Instant::now();
    let outcome = call(&client, "https://slow.example/").await;
    assert_eq!(outcome, Outcome::Refused(AddressRefusal::Unresolved));
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn the_operator_opens_a_door_for_one_place_only() {
    let open = Canary::at("127.0.0.1:0").await;
    let closed = Canary::at("127.0.0.1:0").await;
    let place = format!("127.0.0.1:{}", open.port());
    let named = format!("localhost:{}", open.port());
    let settings = SafeHttpSettings {
        allowed: vec![place.parse().unwrap(), named.parse().unwrap()],
        ..SafeHttpSettings::default()
    };
    let client = SafeHttp::try_new(&settings).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/", open.port());
        assert_eq!(call(&client, &url).await, Outcome::Answered(204));
        let url = format!("http://{host}:{}/", closed.port());
        assert_eq!(
            call(&client, &url).await,
            Outcome::Refused(AddressRefusal::Scheme)
        );
        let url = format!("https://{host}:{}/", closed.port());
        assert_eq!(
            call(&client, &url).await,
            Outcome::Refused(AddressRefusal::Port)
        );
    }
    assert_eq!((open.connections(), closed.connections()), (2, 0));
}

/// Neither by a name that nobody knew to be ours nor by one that the operator allows.
#[tokio::test]
async fn no_name_leads_back_to_this_server() {
    let here = Canary::answering("127.77.0.1:0", "").await;
    let lookup = ScriptedLookup::default().knowing("alias.example", &[&["127.77.0.1"]]);
    let settings = SafeHttpSettings {
        own: super::OwnPlaces::of(format!("0.0.0.0:{}", here.port()).parse().unwrap()),
        allowed: [PRETEND_PUBLIC, "localhost", "127.0.0.1"]
            .map(|place| place.parse().unwrap())
            .to_vec(),
        allow_http: true,
        ports: vec![here.port()],
        ..SafeHttpSettings::default()
    };
    let client = SafeHttp::with_lookup(&settings, std::sync::Arc::new(lookup)).unwrap();
    for host in [
        "alias.example",
        "127.77.0.1",
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "[::1]",
    ] {
        let outcome = call(&client, &format!("http://{host}:{}/", here.port())).await;
        assert_eq!(
            outcome,
            Outcome::Refused(AddressRefusal::Ourselves),
            "{host}"
        );
    }
    assert!(here.requests().is_empty(), "nothing may be sent");
}

/// Here the connector itself is tricked: the resolver lets through what the last look refuses.
#[tokio::test]
async fn what_a_socket_reached_is_looked_at_before_anything_is_sent() {
    let canary = Canary::answering("127.0.0.1:0", "").await;
    let strict = std::sync::Arc::new(super::super::vetting::Policy {
        own: super::OwnPlaces::default(),
        allowed: Vec::new(),
        allow_http: true,
        ports: vec![canary.port()],
    });
    let client = reqwest::Client::builder()
        .no_proxy()
        .connector_layer(super::super::reached::CheckReached::public(&strict))
        .build()
        .unwrap();
    let failed = client
        .get(format!("http://127.0.0.1:{}/", canary.port()))
        .send()
        .await;
    let refusal = AddressRefusal::behind(&failed.unwrap_err());
    assert_eq!(refusal, Some(AddressRefusal::NotPublic));
}
