//! A client on the other side of a socket, where a server may die at any moment: every answer may
//! be missing, and a stream may end anywhere.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Longer than any answer takes, a server's own limits included.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why there is no answer: the connection was refused, cut, or fell silent.
pub type Lost = reqwest::Error;

/// Somebody who talks to one address.
#[derive(Debug, Clone)]
pub struct Remote {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// How fresh a read was, in the server's word.
    pub consistency: Option<String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

/// What a client has seen of a streamed answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The answer's id.
    pub id: Option<String>,
    /// The text of its first choice so far.
    pub text: String,
    /// The conversation it belongs to.
    pub conversation: Option<String>,
    /// Whether its first choice has a finish reason.
    pub finished: bool,
    /// Whether `[DONE]` has come.
    pub done: bool,
    /// An error in the middle of the stream.
    pub error: Option<Value>,
}

impl Remote {
    /// Somebody without credentials who talks to the server at this URL.
    ///
    /// # Panics
    ///
    /// If no client can be made.
    pub fn to(base: &str) -> Self {
        // The client wants a provider even for plain HTTP; whoever came first has set it.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        Self {
            base: base.to_owned(),
            token: None,
            http: http.expect("a client without TLS"),
        }
    }

    /// The same person, talking to where `other` talks to.
    #[must_use]
    pub fn at(&self, other: &Self) -> Self {
        Self {
            token: self.token.clone(),
            ..other.clone()
        }
    }

    /// A new guest account.
    ///
    /// # Panics
    ///
    /// If there is none to be had.
    pub async fn guest(&self) -> Self {
        let told = self.post("/auth/guest", &Value::Null).await;
        let told = told.expect("the server is there");
        let token = told.body["access_token"].as_str();
        let token = token.unwrap_or_else(|| panic!("a guest gets a token: {told:?}"));
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// A request without a body.
    pub async fn get(&self, path: &str) -> Result<Told, Lost> {
        whole(self.request(Method::GET, path)).await
    }

    /// A request that ends something.
    pub async fn delete(&self, path: &str) -> Result<Told, Lost> {
        whole(self.request(Method::DELETE, path)).await
    }

    /// A request with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Told, Lost> {
        whole(self.request(Method::POST, path).json(body)).await
    }

    /// The same, to be carried out once however often it is sent.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Told, Lost> {
        let request = self.request(Method::POST, path).json(body);
        whole(request.header("idempotency-key", key)).await
    }

    /// A streamed chat call that comes to its end. An answer that is no stream is an `error`.
    pub async fn stream(&self, body: &Value, key: Option<&str>) -> Result<Seen, Lost> {
        let mut seen = Seen::default();
        self.watch(body, key, &mut seen).await.map(|()| seen)
    }

    /// The same, leaving in `seen` what came, also when it broke off.
    pub async fn watch(
        &self,
        body: &Value,
        key: Option<&str>,
        seen: &mut Seen,
    ) -> Result<(), Lost> {
        let mut request = self
            .request(Method::POST, "/v1/chat/completions")
            .json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await?;
        if answer.status() != 200 {
            seen.error = Some(answer.json().await?);
            return Ok(());
        }
        frames(answer, |frame| seen.take(frame)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// Gives every frame of a stream of events, as they come.
pub(crate) async fn frames(
    answer: reqwest::Response,
    mut take: impl FnMut(&str),
) -> Result<(), Lost> {
    let mut pieces = answer.bytes_stream();
    let mut text = Vec::new();
    while let Some(bytes) = pieces.next().await {
        text.extend_from_slice(&bytes?);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let frame: Vec<u8> = text.drain(..end + 2).collect();
            take(&String::from_utf8_lossy(&frame));
        }
    }
    Ok(())
}

async fn whole(request: RequestBuilder) -> Result<Told, Lost> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let consistency = answer.headers().get("x-consistency");
    let consistency = consistency.and_then(|word| word.to_str().ok());
    let consistency = consistency.map(ToOwned::to_owned);
    let body = answer.bytes().await?;
    Ok(Told {
        status,
        consistency,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

impl Seen {
    fn take(&mut self, frame: &str) {
        let Some(data) = frame.trim_end().strip_prefix("data: ") else {
            return;
        };
        if data == "[DONE]" {
            self.done = true;
            return;
        }
        let chunk: Value = serde_json::from_str(data).expect("frames are JSON");
        if let Some(error) = chunk.get("error") {
            self.error = Some(error.clone());
        }
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        self.id = text(&chunk["id"]).or(self.id.take());
        self.conversation = text(&chunk["conversation"]["id"]).or(self.conversation.take());
        let choice = &chunk["choices"][0];
        self.text += choice["delta"]["content"].as_str().unwrap_or_default();
        self.finished |= !choice["finish_reason"].is_null();
    }
}
