//! What comes is bounded in size, time and kind.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::super::fetch::{FetchSettings, Fetcher, Wanted};
use super::super::fetch_failure::FetchFailure;
use super::canary::Canary;
use super::fetching::{fetch, fetcher};
use super::{PRETEND_PUBLIC, ScriptedLookup, client};

const BYTES_MAX: usize = 64 << 10;

async fn get(answer: impl Into<Vec<u8>>) -> Result<Vec<u8>, FetchFailure> {
    let server = Canary::answering("127.77.0.1:0", answer).await;
    let url = format!("http://127.77.0.1:{}/", server.port());
    let fetched = fetch(&fetcher(&[server.port()]), &url).await;
    fetched.map(|fetched| fetched.body)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n");
    [head.as_bytes(), body].concat()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_bound() {
    let just = vec![b'a'; BYTES_MAX];
    assert_eq!(get(answer("", &just)).await.unwrap().len(), BYTES_MAX);
    let over = vec![b'a'; BYTES_MAX + 1];
    assert_eq!(get(answer("", &over)).await, Err(FetchFailure::TooLarge));
    let declared = answer("content-length: 99999999\r\n", b"a");
    assert_eq!(get(declared).await, Err(FetchFailure::TooLarge));
}

#[tokio::test]
async fn a_body_that_unfolds_is_counted_unfolded() {
    let gzip = "content-encoding: gzip\r\n";
    let told = get(answer(gzip, &zipped(b"small"))).await;
    assert_eq!(told.unwrap(), b"small");
    let bomb = zipped(&vec![0; 64 << 20]);
    assert!(bomb.len() < 80 << 10, "{}", bomb.len());
    assert_eq!(get(answer(gzip, &bomb)).await, Err(FetchFailure::TooLarge));
    // Many small members are one large body.
    let members = zipped(&vec![b'a'; 10_000]).repeat(100);
    assert_eq!(
        get(answer(gzip, &members)).await,
        Err(FetchFailure::TooLarge)
    );
}

#[tokio::test]
async fn what_cannot_be_decoded_is_refused() {
    for (head, body) in [
        ("content-encoding: br\r\n", &b"small"[..]),
        ("content-encoding: gzip, gzip\r\n", b"small"),
        (
            "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
            b"small",
        ),
        (
            "content-encoding: gzip\r\n",
            b"no gzip at all, whatever the head says",
        ),
        ("content-encoding: gzip\r\n", &zipped(b"small")[..15]),
    ] {
        let got = get(answer(head, body)).await;
        assert_eq!(got, Err(FetchFailure::Encoding), "{head}");
    }
}

#[tokio::test]
async fn only_types_that_are_wanted_are_read() {
    let typed = |kind: &str| answer(&format!("content-type: {kind}\r\n"), b"a");
    assert_eq!(get(typed("TEXT/html; charset=x")).await.unwrap(), b"a");
    for kind in ["application/pdf", "image/png; a=b", "video/mp4"] {
        let essence = kind.split(';').next().unwrap().to_owned();
        assert_eq!(get(typed(kind)).await, Err(FetchFailure::Type(essence)));
    }
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_not_taken_for_the_whole() {
    let short = answer("content-length: 10\r\n", b"a");
    assert_eq!(get(short).await, Err(FetchFailure::Cut));
}

/// A server that always has something more to say, and says it slowly.
async fn dripping(head: &'static [u8], drop: &'static [u8]) -> Result<Vec<u8>, FetchFailure> {
    let listener = TcpListener::bind("127.77.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut open = socket.write_all(head).await.is_ok();
        while open {
            tokio::time::sleep(Duration::from_millis(20)).await;
            open = socket.write_all(drop).await.is_ok();
        }
    });
    let settings = FetchSettings {
        total: Duration::from_secs(1),
        ..FetchSettings::default()
    };
    let http = client(&[port], &[PRETEND_PUBLIC], ScriptedLookup::default());
    let fetcher = Fetcher::with(http, &settings);
    let url = fetcher.vet(&format!("http://127.77.0.1:{port}/")).unwrap();
    let wanted = Wanted {
        url: &url,
        accept: "*/*",
        takes: |_| true,
        may_be_cut: true,
        known: None,
    };
    fetcher.fetch(wanted).await.map(|fetched| fetched.body)
}

#[tokio::test]
async fn whoever_is_slow_is_not_waited_for_however_steadily_he_drips() {
    for (head, drop) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], &b"a"[..]),
        (b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let got = dripping(head, drop).await;
        let given_up = matches!(got, Err(FetchFailure::TimedOut | FetchFailure::Cut));
        assert!(given_up, "{got:?}");
    }
}
