//! The whole way of a fetch: no address of the table is reached by it, neither at once nor by being
//! sent there.

use std::time::Duration;

use super::super::fetch::{FetchSettings, Fetched, Fetcher, Validators, Wanted};
use super::super::fetch_failure::FetchFailure;
use super::canary::Canary;
use super::refused::REFUSED;
use super::{AddressRefusal, PRETEND_PUBLIC, ScriptedLookup, client};

/// Names that lead inside, or change their mind.
fn lookup() -> ScriptedLookup {
    ScriptedLookup::default()
        .knowing("rebound.example", &[&["127.0.0.1"]])
        .knowing("mixed.example", &[&["127.77.0.1", "127.0.0.1"]])
        .knowing("six.example", &[&["::1"]])
        .knowing("meta.example", &[&["169.254.169.254"]])
        .knowing("xn--nbound-2ya.example", &[&["127.0.0.1"]])
        .knowing("page.example", &[&["127.77.0.1"]])
        .knowing("rebind.example", &[&["127.77.0.1"], &["127.0.0.1"]])
}

pub(super) fn fetcher(ports: &[u16]) -> Fetcher {
    let settings = FetchSettings {
        total: Duration::from_secs(10),
        bytes_max: 64 << 10,
        ..FetchSettings::default()
    };
    Fetcher::with(client(ports, &[PRETEND_PUBLIC], lookup()), &settings)
}

pub(super) async fn fetch(fetcher: &Fetcher, url: &str) -> Result<Fetched, FetchFailure> {
    let url = fetcher.vet(url)?;
    let wanted = Wanted {
        url: &url,
        accept: "text/html",
        takes: |essence| essence.starts_with("text/"),
        may_be_cut: false,
        known: None,
    };
    fetcher.fetch(wanted).await
}

fn redirect(status: u16, location: &str) -> String {
    format!(
        "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\nset-cookie: a=b\r\n\
         www-authenticate: Basic\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

fn table(port: u16) -> impl Iterator<Item = String> {
    let urls = REFUSED.iter().flat_map(|(_, urls)| urls.iter());
    urls.map(move |url| url.replace("{port}", &port.to_string()))
}

#[tokio::test]
async fn no_address_of_the_table_is_fetched_from() {
    let four = Canary::at("127.0.0.1:0").await;
    let six = Canary::at(&format!("[::1]:{}", four.port())).await;
    let fetcher = fetcher(&[four.port()]);
    let mut tried = 0;
    for url in table(four.port()) {
        let outcome = fetch(&fetcher, &url).await;
        let told = outcome.expect_err(&url).to_string();
        assert_eq!(told, "nothing can be fetched from this address", "{url}");
        tried += 1;
    }
    assert!(tried >= 150, "{tried}");
    assert_eq!((four.connections(), six.connections()), (0, 0));
}

#[tokio::test]
async fn no_redirect_leads_to_an_address_of_the_table() {
    let four = Canary::at("127.0.0.1:0").await;
    let six = Canary::at(&format!("[::1]:{}", four.port())).await;
    let mut tried = 0;
    for (at, location) in table(four.port()).enumerate() {
        // A head cannot hold line ends; what would come of them is another head.
        if location.contains(['\r', '\n', '\0']) {
            continue;
        }
        let status = [301, 302, 303, 307, 308][at % 5];
        let server = Canary::answering("127.77.0.1:0", redirect(status, &location)).await;
        let fetcher = fetcher(&[server.port(), four.port()]);
        let url = format!("http://page.example:{}/", server.port());
        let outcome = fetch(&fetcher, &url).await;
        assert!(outcome.is_err(), "{location}: {outcome:?}");
        assert!(server.connections() > 0, "{location}");
        tried += 1;
    }
    assert!(tried >= 150, "{tried}");
    assert_eq!((four.connections(), six.connections()), (0, 0));
}

#[tokio::test]
async fn a_redirect_is_followed_to_what_is_public_without_anything_but_who_we_are() {
    let page = Canary::answering(
        "127.77.0.2:0",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi",
    )
    .await;
    let location = format!("http://127.77.0.2:{}/here?x=1#part", page.port());
    let first = Canary::answering("127.77.0.1:0", redirect(302, &location)).await;
    let fetcher = fetcher(&[first.port(), page.port()]);
    let url = format!("http://page.example:{}/", first.port());
    let outcome = fetch(&fetcher, &url).await.unwrap();
    assert_eq!(outcome.body, b"hi");
    assert_eq!(outcome.url, location.trim_end_matches("#part"));
    let asked = &page.requests()[0];
    let names: Vec<_> = asked
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase()))
        .collect();
    assert_eq!(names, ["user-agent", "accept", "accept-encoding", "host"]);
    assert!(asked.starts_with("GET /here?x=1 HTTP/1.1"), "{asked}");
}

#[tokio::test]
async fn redirects_end() {
    let server = Canary::answering("127.77.0.1:0", redirect(302, "/again")).await;
    let fetcher = fetcher(&[server.port()]);
    let url = format!("http://page.example:{}/", server.port());
    assert_eq!(
        fetch(&fetcher, &url).await.unwrap_err(),
        FetchFailure::Redirects
    );
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_between_hops_leads_nowhere() {
    let canary = Canary::at("127.0.0.1:0").await;
    let location = format!("http://rebind.example:{}/", canary.port());
    let place = format!("127.77.0.1:{}", canary.port());
    let server = Canary::answering(&place, redirect(302, &location)).await;
    let fetcher = fetcher(&[canary.port()]);
    for _ in 0..50 {
        let url = format!("http://rebind.example:{}/", canary.port());
        assert!(fetch(&fetcher, &url).await.is_err());
    }
    assert!(server.connections() > 0);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_page_with_tls_does_not_send_to_one_without() {
    let fetcher = fetcher(&[]);
    let secure = fetcher.vet("https://page.example/a").unwrap();
    let onward = |location| {
        fetcher
            .onward(&secure, location)
            .map(|url| url.as_str().to_owned())
    };
    let refused = FetchFailure::Refused(AddressRefusal::Scheme);
    assert_eq!(onward("http://page.example/a"), Err(refused));
    assert_eq!(onward("b?c=d"), Ok("https://page.example/b?c=d".to_owned()));
    assert_eq!(
        onward("//other.example/"),
        Ok("https://other.example/".to_owned())
    );
    let ambiguous = FetchFailure::Refused(AddressRefusal::Ambiguous);
    assert_eq!(onward("/\\127.0.0.1/"), Err(ambiguous));
}

#[tokio::test]
async fn validators_are_shown_only_to_whoever_gave_them() {
    let unchanged = "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n";
    let server = Canary::answering("127.77.0.1:0", unchanged).await;
    let fetcher = fetcher(&[server.port()]);
    let text = format!("http://page.example:{}/a", server.port());
    let url = fetcher.vet(&text).unwrap();
    for given_by in [text.as_str(), "http://page.example/b"] {
        let known = Validators {
            url: given_by.to_owned(),
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
        };
        let wanted = Wanted {
            url: &url,
            accept: "*/*",
            takes: |_| true,
            may_be_cut: false,
            known: Some(&known),
        };
        assert_eq!(fetcher.fetch(wanted).await.unwrap().status, 304);
    }
    let shown: Vec<_> = server
        .requests()
        .iter()
        .map(|asked| asked.contains("if-none-match: \"1\""))
        .collect();
    assert_eq!(shown, [true, false]);
}
