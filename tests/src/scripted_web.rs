//! A web of one server: pages and search engines that answer as they were told, and a record of what
//! they were asked.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::database::ground;

/// A running server. It stops when it is dropped.
pub struct ScriptedWeb {
    base_url: String,
    stage: Arc<Stage>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Stage {
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    asked: Mutex<Vec<Asked>>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, decoded.
    pub query: HashMap<String, String>,
    /// The headers that are text.
    pub headers: HashMap<String, String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

impl Reply {
    /// An answer of this status.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    /// A page.
    pub fn page(html: impl Into<Vec<u8>>) -> Self {
        Self {
            body: html.into(),
            ..Self::status(200).with("content-type", "text/html; charset=utf-8")
        }
    }

    /// A plain text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self {
            body: text.into(),
            ..Self::status(200).with("content-type", "text/plain")
        }
    }

    /// A JSON document.
    pub fn json(document: &Value) -> Self {
        Self {
            body: document.to_string().into_bytes(),
            ..Self::status(200).with("content-type", "application/json")
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same after a while.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl ScriptedWeb {
    /// Starts on a free loopback port. Whatever it was not told about is not found.
    ///
    /// # Panics
    ///
    /// If the machine has no free port.
    pub async fn start() -> Self {
        let stage = Arc::new(Stage::default());
        let shown = Arc::clone(&stage);
        // On the ground, so that it outlives the runtime of whichever test calls it.
        let started = ground().spawn(async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.expect("a loopback port is free");
            let address = listener.local_addr().expect("it is bound");
            let router = Router::new().fallback(answer).with_state(shown);
            let mut serving = JoinSet::new();
            serving.spawn(async move {
                drop(axum::serve(listener, router).await);
            });
            (address, serving)
        });
        let (address, serving) = started.await.expect("it starts");
        Self {
            base_url: format!("http://{address}"),
            stage,
            _serving: serving,
        }
    }

    /// Where it is, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// What a path answers from now on, one after the other; the last again and again.
    pub fn tell(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        lock(&self.stage.replies).insert(path.to_owned(), replies);
    }

    /// What it was asked so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.stage.asked).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    fn next(&self, path: &str) -> Reply {
        let mut replies = lock(&self.replies);
        let next = replies.get_mut(path).and_then(|queue| {
            let last = queue.len() == 1;
            if last {
                queue.front().cloned()
            } else {
                queue.pop_front()
            }
        });
        next.unwrap_or_else(|| Reply::status(404))
    }
}

async fn answer(State(stage): State<Arc<Stage>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = parts.headers.iter();
    let query = parts.uri.query().unwrap_or_default();
    let url = reqwest::Url::parse(&format!("http://x/?{query}"));
    let pairs = url
        .iter()
        .flat_map(|url| url.query_pairs().into_owned().collect::<Vec<_>>());
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: pairs.collect(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default(),
    };
    lock(&stage.asked).push(asked);
    let reply = stage.next(parts.uri.path());
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(reply.body))
        .expect("a reply is an answer")
}
