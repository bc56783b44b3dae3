//! The answer as a plan: pure code decides what to send and when, the server only carries it out.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::ledger::Visit;

pub(super) const JSON: &str = "application/json";
pub(super) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// What the server does with one request.
#[derive(Debug)]
pub(super) enum Plan {
    /// Waits, then sends a head and a body.
    Answer(AnswerPlan),
    /// Closes the connection without a word, at the latest after `wait`.
    HangUp { wait: Duration },
}

/// A head and the pieces of its body.
#[derive(Debug)]
pub(super) struct AnswerPlan {
    /// Before the head goes out.
    pub(super) wait: Duration,
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) extra_header: Option<(HeaderName, HeaderValue)>,
    pub(super) pieces: VecDeque<Piece>,
    /// Announced as `content-length`; absent means chunked.
    pub(super) size_bytes: Option<u64>,
}

/// One step of sending a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Send(Bytes),
    Pause(Duration),
    /// Drops the connection without finishing the body.
    Cut,
}

impl AnswerPlan {
    /// A body whose size is known.
    pub(super) fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        Self {
            wait: Duration::ZERO,
            status,
            content_type,
            extra_header: None,
            size_bytes: Some(body.len() as u64),
            pieces: VecDeque::from([Piece::Send(body)]),
        }
    }

    /// An event stream.
    pub(super) fn stream(pieces: impl Into<VecDeque<Piece>>) -> Self {
        Self {
            wait: Duration::ZERO,
            status: StatusCode::OK,
            content_type: EVENT_STREAM,
            extra_header: None,
            size_bytes: None,
            pieces: pieces.into(),
        }
    }

    pub(super) fn after(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }
}

/// The body that hyper polls: sends each piece with a write of its own.
#[derive(Debug)]
pub(super) struct Answer {
    pieces: VecDeque<Piece>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Set between two frames: answering "pending" once makes hyper flush the first before it
    /// asks for the second, so that frames arrive one by one as from a real model.
    flush_first: bool,
    size_bytes: Option<u64>,
    visit: Visit,
}

impl Answer {
    pub(super) fn new(pieces: VecDeque<Piece>, size_bytes: Option<u64>, visit: Visit) -> Self {
        Self {
            pieces,
            pause: None,
            flush_first: false,
            size_bytes,
            visit,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = ConnectionCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionCut>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            if std::mem::take(&mut self.flush_first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.pieces.pop_front() {
                Some(Piece::Pause(time)) => self.pause = Some(Box::pin(sleep(time))),
                Some(Piece::Send(bytes)) => {
                    match self.pieces.front() {
                        None => self.visit.end(),
                        Some(Piece::Send(_) | Piece::Cut) => self.flush_first = true,
                        Some(Piece::Pause(_)) => {}
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Piece::Cut) => {
                    self.visit.end();
                    return Poll::Ready(Some(Err(ConnectionCut)));
                }
                None => {
                    self.visit.end();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size_bytes
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Tells hyper to drop the connection; it never reaches a client as text.
#[derive(Debug)]
pub(super) struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script cuts the connection here")
    }
}

impl std::error::Error for ConnectionCut {}
