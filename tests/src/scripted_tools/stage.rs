//! What the server remembers from one request to the next.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::ledger::{Circumstances, Ledger};
use super::options::Options;

const SESSION: &str = "mcp-session-id";

/// What the server remembers.
pub(super) struct Stage {
    pub(super) options: Options,
    pub(super) ledger: Arc<Ledger>,
    pub(super) changed: AtomicBool,
    pub(super) twisted: AtomicBool,
    pub(super) lists: AtomicUsize,
    pub(super) openings: AtomicUsize,
    seen: Mutex<Vec<Vec<(String, String)>>>,
    sessions: Mutex<BTreeSet<String>>,
    expired: Mutex<BTreeSet<String>>,
}

impl Stage {
    pub(super) fn new(options: Options) -> io::Result<Self> {
        let file = options.ledger.as_deref();
        let ledger = file.map(Ledger::open).transpose()?.unwrap_or_default();
        Ok(Self {
            ledger: Arc::new(ledger),
            options,
            changed: AtomicBool::default(),
            twisted: AtomicBool::default(),
            lists: AtomicUsize::default(),
            openings: AtomicUsize::default(),
            seen: Mutex::default(),
            sessions: Mutex::default(),
            expired: Mutex::default(),
        })
    }

    pub(super) fn headers(&self) -> Vec<Vec<(String, String)>> {
        locked(&self.seen).clone()
    }

    pub(super) fn expire_sessions(&self) {
        let sessions = std::mem::take(&mut *locked(&self.sessions));
        locked(&self.expired).extend(sessions);
    }

    /// Whether the session that a request names has ended.
    pub(super) fn is_expired(&self, headers: &HeaderMap) -> bool {
        let session = headers.get(SESSION).and_then(|id| id.to_str().ok());
        session.is_some_and(|id| locked(&self.expired).contains(id))
    }

    /// Remembers the session that an answer begins, if it begins one.
    pub(super) fn begin(&self, headers: &HeaderMap) {
        let session = headers.get(SESSION).and_then(|id| id.to_str().ok());
        locked(&self.sessions).extend(session.map(str::to_owned));
    }

    pub(super) fn see(&self, headers: &HeaderMap) {
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)));
        locked(&self.seen).push(headers.collect());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came with a call: the message's own word counts before the header's.
pub(super) fn circumstances(headers: &HeaderMap, meta: &Value) -> Circumstances {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let own = |name: &str| meta[name].as_str().map(str::to_owned);
    Circumstances {
        key: own("jan/idempotencyKey").or_else(|| header("idempotency-key")),
        traceparent: own("traceparent").or_else(|| header("traceparent")),
        authorization: header("authorization"),
    }
}
