//! What a server that a caller names never gets, and where no caller gets.

use jan_domain::ports::{Credential, TOOL_DEPTH_HEADER, ToolFailure, ToolPlace, ToolServer};
use jan_infra::tools::ToolSettings;
use jan_tests::contract::tool_host::Subject;
use jan_tests::scripted_tools::Options;
use serde_json::json;

use super::hostile::{RawServer, answered};
use super::{host, named, remote, settings};

#[tokio::test]
async fn an_address_of_the_inside_is_not_called() {
    let (tools, subject) = named(Options::default(), &ToolSettings::default()).await;
    let port = tools.address().port();
    for url in [
        tools.url(),
        format!("https://127.0.0.1:{port}/mcp"),
        format!("https://localhost:{port}/mcp"),
        format!("https://[::ffff:127.0.0.1]:{port}/mcp"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "stdio:npx".to_owned(),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ] {
        let subject = subject.at(remote(&*url));
        let called = subject.call("charge", json!({"amount": 1})).await;
        assert_eq!(called, Err(ToolFailure::Forbidden), "{url}");
        assert_eq!(subject.list().await, Err(ToolFailure::Forbidden), "{url}");
    }
    assert_eq!(tools.headers().len(), 0);
}

/// The port is allowed here, so that only the address can be refused.
#[tokio::test]
async fn a_name_of_the_inside_is_not_called() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    let settings = ToolSettings {
        allow_http: true,
        ports: vec![tools.address().port()],
        ..ToolSettings::default()
    };
    let url = format!("http://localhost:{}/mcp", tools.address().port());
    let subject = Subject {
        host: host(&settings),
        ..subject.at(remote(url))
    };
    assert_eq!(subject.list().await, Err(ToolFailure::Forbidden));
    assert_eq!(tools.headers().len(), 0);
}

#[tokio::test]
async fn of_a_callers_headers_only_the_allowed_go_out() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    let header = |name: &str| (name.to_owned(), Credential::new("planted".to_owned()));
    let server = ToolServer {
        label: "s".to_owned(),
        place: ToolPlace::Remote {
            url: tools.url(),
            authorization: Some(Credential::new("token".to_owned())),
            headers: [
                "X-Api-Key",
                "Authorization",
                "Host",
                "Cookie",
                "Mcp-Session-Id",
                "Proxy-Authorization",
                "X-Forwarded-For",
                "Transfer-Encoding",
                TOOL_DEPTH_HEADER,
            ]
            .map(header)
            .to_vec(),
        },
    };
    subject
        .at(server)
        .call("echo", json!({"text": "a"}))
        .await
        .unwrap();
    let seen = tools.headers();
    assert!(!seen.is_empty());
    for request in seen {
        let planted: Vec<_> = request
            .iter()
            .filter(|(_, value)| value == "planted")
            .collect();
        assert_eq!(planted.len(), 1, "{planted:?}");
        assert_eq!(planted[0].0, "x-api-key");
        let said = request.iter().find(|(name, _)| name == "authorization");
        assert_eq!(said.unwrap().1, "Bearer token");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    for status in [301, 302, 307, 308] {
        let raw = RawServer::redirecting(status, tools.url()).await;
        let subject = subject.at(remote(raw.url()));
        for failure in [
            subject.list().await.unwrap_err(),
            subject
                .call("charge", json!({"amount": 1}))
                .await
                .unwrap_err(),
        ] {
            assert!(matches!(failure, ToolFailure::Refused(_)), "{failure:?}");
        }
    }
    assert_eq!(tools.headers().len(), 0);
}

#[tokio::test]
async fn a_server_that_repeats_our_credentials_is_not_repeated() {
    let raw = RawServer::start(|method, _| match method {
        "tools/call" => {
            json!({"error": {"code": -32600, "message": "bad token open-sesame-1 for you"}})
        }
        _ => answered(&json!({"tools": []})),
    })
    .await;
    let (_tools, subject) = named(Options::default(), &settings()).await;
    let subject = subject.at(remote(raw.url())).authorized("open-sesame-1");
    let refused = subject.call("echo", json!({})).await.unwrap_err();
    assert!(
        !format!("{refused:?} {refused}").contains("sesame"),
        "{refused}"
    );
    assert!(refused.to_string().contains("bad token"), "{refused}");
}
