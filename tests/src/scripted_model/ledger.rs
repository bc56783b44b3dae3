//! What the scripted model saw: requests kept for assertions, and how each visit ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, request::Parts};
use serde_json::Value;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// HTTP method.
    pub method: Method,
    /// Path and query, as sent.
    pub path: String,
    /// Headers, as sent.
    pub headers: HeaderMap,
    /// The body as JSON; `Null` when it was empty or is not JSON (then see `bytes`).
    pub body: Value,
    /// The body as sent.
    pub bytes: Bytes,
}

/// Counters and kept requests of one scripted model.
#[derive(Debug)]
pub(super) struct Ledger {
    kept_max: usize,
    kept: Mutex<VecDeque<KeptRequest>>,
    served: AtomicUsize,
    in_flight: AtomicUsize,
    cancelled: AtomicUsize,
}

/// Bodies stay unparsed until someone asks, so that keeping a request costs almost nothing.
#[derive(Debug, Clone)]
struct KeptRequest {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ledger {
    pub(super) fn new(kept_max: usize) -> Self {
        Self {
            kept_max,
            kept: Mutex::default(),
            served: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
        }
    }

    /// Keeps the request if this model keeps any.
    pub(super) fn record(&self, parts: &Parts, body: &Bytes) {
        if self.kept_max == 0 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.kept_max {
            kept.pop_front();
        }
        kept.push_back(KeptRequest {
            method: parts.method.clone(),
            path: parts.uri.to_string(),
            headers: parts.headers.clone(),
            body: body.clone(),
        });
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        kept.into_iter().map(RecordedRequest::from).collect()
    }

    pub(super) fn forget(&self) {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub(super) fn served(&self) -> usize {
        self.served.load(Ordering::Acquire)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::Acquire)
    }
}

impl From<KeptRequest> for RecordedRequest {
    fn from(kept: KeptRequest) -> Self {
        Self {
            method: kept.method,
            path: kept.path,
            headers: kept.headers,
            body: serde_json::from_slice(&kept.body).unwrap_or(Value::Null),
            bytes: kept.body,
        }
    }
}

/// One request from arrival to the last byte of its answer.
///
/// Hyper drops it together with the answer when the client goes away, which is how a
/// cancellation is noticed: a visit that was dropped before it ended.
#[derive(Debug)]
pub(super) struct Visit {
    ledger: Arc<Ledger>,
    ended: bool,
}

impl Visit {
    pub(super) fn begin(ledger: &Arc<Ledger>) -> Self {
        ledger.served.fetch_add(1, Ordering::AcqRel);
        ledger.in_flight.fetch_add(1, Ordering::AcqRel);
        Self {
            ledger: Arc::clone(ledger),
            ended: false,
        }
    }

    /// The server has said all it meant to say.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.cancelled.fetch_add(1, Ordering::AcqRel);
        }
        self.ledger.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
