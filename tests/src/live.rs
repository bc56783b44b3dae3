//! Requests over a real socket, for what only a socket shows: when bytes come, and clients that go.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use http::HeaderMap;
use serde_json::Value;

/// Longer than anything takes here, shorter than anybody waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of a served application. Every request has a connection of its own, which closes when
/// its answer is dropped.
#[derive(Debug, Clone)]
pub struct LiveClient {
    http: reqwest::Client,
    address: SocketAddr,
    token: String,
}

impl LiveClient {
    /// Speaks to `address` with this bearer token.
    ///
    /// # Panics
    ///
    /// If this machine has no HTTP client.
    pub fn new(address: SocketAddr, token: &str) -> Self {
        jan_infra::model_provider::install_crypto();
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build();
        Self {
            http: http.expect("an HTTP client"),
            address,
            token: token.to_owned(),
        }
    }

    /// Where it speaks to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Posts JSON and waits for the head of the answer.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn post(&self, path: &str, body: &Value) -> LiveAnswer {
        let request = self.http.post(format!("http://{}{path}", self.address));
        let request = request
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        LiveAnswer {
            response,
            unread: BytesMut::new(),
        }
    }
}

/// An answer of which the head has arrived. Dropped early, it is a client that went away.
#[derive(Debug)]
pub struct LiveAnswer {
    response: reqwest::Response,
    unread: BytesMut,
}

impl LiveAnswer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next event of a stream; `None` for `[DONE]`.
    ///
    /// # Panics
    ///
    /// If the stream breaks off.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let event = self.unread.split_to(end + 2);
                let event = std::str::from_utf8(&event).expect("events are UTF-8");
                let data = event.trim_end().strip_prefix("data: ");
                let data = data.expect("an event is one data line");
                return (data != "[DONE]")
                    .then(|| serde_json::from_str(data).expect("events are JSON"));
            }
            let more = self.response.chunk().await.expect("the stream goes on");
            self.unread
                .extend_from_slice(&more.expect("the stream ends with [DONE]"));
        }
    }

    /// The next event whose first choice has content.
    pub async fn next_words(&mut self) -> Option<String> {
        loop {
            let event = self.next().await?;
            let words = event["choices"][0]["delta"]["content"].as_str();
            if let Some(words) = words.filter(|words| !words.is_empty()) {
                return Some(words.to_owned());
            }
        }
    }

    /// Everything that is still to come, `[DONE]` left out.
    pub async fn rest(mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}
