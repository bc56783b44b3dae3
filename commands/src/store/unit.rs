//! One append on its way: what is to be written, and who is told.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::NewEvent;
use super::append::AppendError;

/// Bounds of the writer.
#[derive(Debug, Clone, Copy)]
pub struct AppenderLimits {
    /// Statements under way at once.
    pub lanes: usize,
    /// Appends that may wait; beyond it callers wait, nothing is dropped.
    pub queue: usize,
    /// Events in one statement.
    pub batch_events: usize,
    /// Tries of one append while the database is away.
    pub attempts: u32,
}

impl Default for AppenderLimits {
    fn default() -> Self {
        Self {
            lanes: 2,
            queue: 4096,
            batch_events: 256,
            attempts: 6,
        }
    }
}

/// Where an append ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The position of its last event.
    pub position: i64,
}

/// Events of one append: all or none.
pub(super) struct Unit {
    pub(super) events: Vec<NewEvent>,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Unit {
    /// An append, and the ticket by which its outcome is heard.
    pub(super) fn new(events: Vec<NewEvent>) -> (Self, Ticket) {
        let (reply, ticket) = oneshot::channel();
        (Self { events, reply }, Ticket(ticket))
    }

    pub(super) fn answer(self, outcome: Result<Appended, AppendError>) {
        // Whoever asked may have gone; the events are on record all the same.
        let _gone = self.reply.send(outcome);
    }
}

/// An append under way. It is carried out whether or not anyone waits for it.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<Appended, AppendError>>);

impl Future for Ticket {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(reply.unwrap_or(Err(AppendError::Unavailable(sqlx::Error::WorkerCrashed))))
    }
}
