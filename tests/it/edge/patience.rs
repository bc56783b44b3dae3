use std::time::{Duration, Instant};

use jan_tests::app::{App, Setup};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::{PATIENCE, status};

fn impatient() -> Setup {
    let mut setup = Setup::default();
    setup.limits.header_read_timeout = Duration::from_millis(400);
    setup.limits.body_read_timeout = Duration::from_millis(400);
    setup.limits.write_timeout = Duration::from_millis(400);
    setup
}

#[tokio::test]
async fn headers_must_arrive_in_time() {
    let app = App::start_with(impatient()).await;
    let address = app.serve().await;
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHo")
        .await
        .unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("it is closed")
        .ok();
    assert!(
        began.elapsed() >= Duration::from_millis(300),
        "it was closed too soon"
    );
}

#[tokio::test]
async fn a_body_may_be_slow_but_must_not_pause() {
    let app = App::start_with(impatient()).await;
    let address = app.serve().await;
    let body = br#"{"title":"slow but steady"}"#;
    let head = format!(
        "POST /v1/conversations HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        app.token(),
        body.len()
    );
    let mut steady = TcpStream::connect(address).await.unwrap();
    steady.write_all(head.as_bytes()).await.unwrap();
    for bytes in body.chunks(4) {
        sleep(Duration::from_millis(120)).await;
        steady.write_all(bytes).await.unwrap();
    }
    let mut answer = String::new();
    timeout(PATIENCE, steady.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(&answer), "200", "{answer}");

    let mut pausing = TcpStream::connect(address).await.unwrap();
    pausing.write_all(head.as_bytes()).await.unwrap();
    pausing.write_all(&body[..5]).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, pausing.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(&answer), "408", "{answer}");
}

/// A client that never reads must not hold its model call.
#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off_and_its_call_ends() {
    let app = App::start_with(impatient()).await;
    let address = app.serve().await;
    let body = r#"{"model":"scripted-1","stream":true,"messages":[{"role":"user","content":"count to 200000"}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        app.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    timeout(PATIENCE, app.model().until_cancelled(1))
        .await
        .expect("the model is stopped");
    let ended = async {
        loop {
            let events = app.events().await;
            if let Some(ending) = events
                .iter()
                .find(|event| event.event_type == "ResponseIncomplete")
            {
                return serde_json::from_str::<Value>(&ending.payload).unwrap();
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let ending = timeout(PATIENCE, ended).await.expect("the call is closed");
    assert_eq!(ending["Incomplete"]["reason"], "client_disconnected");
    drop(stream);
}
