//! Requests through the real edge, without a socket, and their answers.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::BodyExt as _;
use jan_api::edge::Edge;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt as _;

use crate::database::ground;

/// The edge of an application while that runs. Closed with it, so that a client that a test still
/// holds keeps nothing alive.
#[derive(Clone)]
pub(crate) struct Door(Arc<Mutex<Option<Edge>>>);

impl Door {
    pub(crate) fn to(edge: Edge) -> Self {
        Self(Arc::new(Mutex::new(Some(edge))))
    }

    pub(crate) fn close(&self) {
        let mut edge = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *edge = None;
    }

    fn edge(&self) -> Edge {
        let edge = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        edge.clone().expect("the application still runs")
    }
}

/// Somebody who makes requests.
#[derive(Clone)]
pub struct Client {
    door: Door,
    token: Option<String>,
}

impl Client {
    /// Somebody without credentials.
    pub(crate) fn nobody(door: Door) -> Self {
        Self { door, token: None }
    }

    /// Somebody with this bearer token, valid or not.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        let token = Some(token.into());
        Self {
            token,
            ..self.clone()
        }
    }

    /// The same door without credentials.
    #[must_use]
    pub fn as_nobody(&self) -> Self {
        Self::nobody(self.door.clone())
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("nobody has no token")
    }

    /// A new guest account.
    pub async fn guest(&self) -> Self {
        let tokens = self.as_nobody().raw(Method::POST, "/auth/guest").await;
        let tokens = tokens.expect_status(200).json();
        let token = tokens["access_token"].as_str();
        self.with_token(token.expect("a guest gets a token"))
    }

    /// A request without a body.
    pub fn get(&self, path: &str) -> Request {
        self.raw(Method::GET, path)
    }

    /// A request without a body.
    pub fn delete(&self, path: &str) -> Request {
        self.raw(Method::DELETE, path)
    }

    /// A request with a JSON body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "json!(…) is written in the call"
    )]
    pub fn post(&self, path: &str, body: Value) -> Request {
        self.raw(Method::POST, path).json(&body)
    }

    /// A request with a JSON body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "json!(…) is written in the call"
    )]
    pub fn patch(&self, path: &str, body: Value) -> Request {
        self.raw(Method::PATCH, path).json(&body)
    }

    /// A request with a JSON body, of any method.
    pub fn raw(&self, method: Method, path: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("jan.test"));
        if let Some(token) = &self.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            headers.insert(AUTHORIZATION, bearer.expect("a token fits in a header"));
        }
        Request {
            door: self.door.clone(),
            method,
            path: path.to_owned(),
            headers,
            body: Bytes::new(),
        }
    }
}

/// A request that is sent when it is awaited.
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    door: Door,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// Adds a header, also beside one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers
            .append(name, value.parse().expect("a header value"));
        self
    }

    /// Takes a header away.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// These bytes as the body, said to be JSON.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        self.body_of("application/json", body)
    }

    /// These bytes as the body, said to be of this type.
    pub fn body_of(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        let media_type = media_type.parse().expect("a header value");
        self.headers.insert(CONTENT_TYPE, media_type);
        self
    }

    /// This value as the body.
    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    fn into_http(self) -> (Door, http::Request<Body>) {
        let mut request = http::Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().expect("a path");
        *request.headers_mut() = self.headers;
        (self.door, request)
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = BoxFuture<'static, Answer>;

    /// Sends it and reads the whole answer. Dropping this half-way is a client that goes away.
    fn into_future(self) -> Self::IntoFuture {
        let (door, request) = self.into_http();
        let edge = door.edge();
        async move {
            let answered = AbortOnDropHandle::new(ground().spawn(async move {
                let Ok(response) = edge.oneshot(request).await;
                let (parts, body) = response.into_parts();
                let body = body.collect().await.expect("our bodies do not fail");
                Answer {
                    status: parts.status.as_u16(),
                    headers: parts.headers,
                    body: body.to_bytes(),
                }
            }));
            answered.await.expect("the server does not panic")
        }
        .boxed()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The answer, if it has this status.
    ///
    /// # Panics
    ///
    /// If it has another, showing the body.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "an assertion may stand alone"
    )]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("answers are UTF-8")
    }

    /// The body as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("not JSON ({error}): {}", self.text()),
        }
    }

    /// A header, if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The events of a response's stream, which must end with `[DONE]`.
    #[track_caller]
    pub fn typed_sse(&self) -> Vec<Value> {
        typed_events_of(self.text())
    }

    /// The events of a stream, which must end with `[DONE]`.
    #[track_caller]
    pub fn sse(&self) -> Vec<Value> {
        events_of(self.text())
    }
}

/// The events of a stream of a response, which must end with `[DONE]`, each named like its type.
/// Comments are passed over.
///
/// # Panics
///
/// If it does not, or if an event is not well formed.
#[track_caller]
pub fn typed_events_of(text: &str) -> Vec<Value> {
    let told = text
        .strip_suffix("data: [DONE]\n\n")
        .unwrap_or_else(|| panic!("the stream does not end with [DONE]: {text}"));
    let events = told.split_terminator("\n\n");
    let events = events.filter(|event| !event.starts_with(':'));
    let read = events.map(|event| {
        let (name, data) = event
            .split_once('\n')
            .unwrap_or_else(|| panic!("no name and data: {event}"));
        let json = data.strip_prefix("data: ").unwrap_or_default();
        let read: Value = serde_json::from_str(json)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {event}"));
        assert_eq!(
            name.strip_prefix("event: "),
            read["type"].as_str(),
            "{event}"
        );
        read
    });
    read.collect()
}

/// The JSON of every server-sent event of a text that ends with `[DONE]`.
///
/// # Panics
///
/// If it does not, or if an event is not JSON.
#[track_caller]
pub fn events_of(text: &str) -> Vec<Value> {
    let told = text
        .strip_suffix("data: [DONE]\n\n")
        .unwrap_or_else(|| panic!("the stream does not end with [DONE]: {text}"));
    let events = told.split_terminator("\n\n").map(|event| {
        let json = event.strip_prefix("data: ");
        let json = json.unwrap_or_else(|| panic!("not one data line: {event}"));
        serde_json::from_str(json).unwrap_or_else(|error| panic!("not JSON ({error}): {json}"))
    });
    events.collect()
}
