use jan_tests::app::App;

use super::{exchange, status};

#[tokio::test]
async fn a_request_that_two_servers_could_read_differently_is_refused() {
    let app = App::start().await;
    let address = app.serve().await;
    let before = app.events().await.len();
    for (why, request) in [
        (
            "two lengths",
            "POST /auth/guest HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        ),
        (
            "no host",
            "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        ),
        (
            "two hosts",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        ),
        (
            "a path in the host",
            "GET /healthz HTTP/1.1\r\nHost: a/v1/models?\r\nConnection: close\r\n\r\n",
        ),
        (
            "a user in the host",
            "GET /healthz HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n",
        ),
        (
            "a space before the colon",
            "GET /healthz HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
        ),
        (
            "a sign before the length",
            "POST /auth/guest HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: +2\r\n\r\n{}",
        ),
        (
            "an unknown coding",
            "POST /auth/guest HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        ),
        ("no protocol", "GET /healthz\r\n\r\n"),
    ] {
        let answer = exchange(address, request.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{why}: {answer}");
    }
    assert_eq!(app.events().await.len(), before, "nothing was written");
}

/// Nothing that follows a body whose end two servers could see differently is taken for a request.
#[tokio::test]
async fn no_request_can_hide_behind_a_chunked_one() {
    let app = App::start().await;
    let address = app.serve().await;
    let hidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let request = format!(
        "POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\n{{}}\r\n0\r\n\r\n{hidden}"
    );
    let answer = exchange(address, request.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn odd_methods_and_endless_lines_are_refused() {
    let app = App::start().await;
    let address = app.serve().await;
    let long = format!(
        "GET /v1/models?x={} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "y".repeat(9_000)
    );
    let many = "x: y\r\n".repeat(200);
    let many = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{many}\r\n");
    let huge = format!(
        "GET /healthz HTTP/1.1\r\nHost: a\r\nx: {}\r\nConnection: close\r\n\r\n",
        "y".repeat(500_000)
    );
    for (request, expected) in [
        (
            "TRACE /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "405",
        ),
        (
            "BREW /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "405",
        ),
        (long.as_str(), "400"),
        (many.as_str(), "431"),
        (huge.as_str(), "431"),
    ] {
        let answer = exchange(address, request.as_bytes()).await;
        let shown: String = answer.chars().take(200).collect();
        let asked: String = request.chars().take(60).collect();
        assert_eq!(status(&answer), expected, "{asked}: {shown}");
    }
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_refused_before_it_is_read() {
    let app = App::start().await;
    let address = app.serve().await;
    let token = app.token();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(address, request.as_bytes()).await;
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(answer.contains("request_too_large"), "{answer}");
}
