//! What may change the truth: the event store, the command handlers, and the runner that carries
//! out side effects.
//!
//! A command handler gathers what a decision needs (ids, time, other streams), lets the aggregate
//! decide, and appends. Effects happen here and never inside a decision: they are planned and
//! recorded as an event, performed through a port, and their outcome is recorded as another event.
//!
//! Nothing here knows HTTP, and nothing here reads a projection: a prompt is built from streams.
//! SQL lives in `store/` and `runner/` only.
//!
//! Start reading at [`store`], then [`response::start_chat`], the life of a chat call, and
//! [`run::create_run`], the life of a response of several steps.

pub mod account;
pub mod conversation;
pub mod crash;
pub mod document;
pub mod error;
pub mod media;
pub mod response;
pub mod retention;
pub mod run;
pub mod runner;
pub mod store;

mod metrics;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::account::Account;
use jan_domain::conversation::Conversation;
use jan_domain::document::Document;
use jan_domain::id::NodeId;
use jan_domain::ports::{Clock, ModelCatalog};
use jan_domain::projection::Projection;
use jan_domain::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

pub use error::CommandError;

use crate::account::Eraser;
use crate::crash::CrashPoints;
use crate::media::MediaShelf;
use crate::metrics::RunMetrics;
use crate::runner::Runner;
use crate::store::{EventLog, Store};

/// Everything a command handler may need. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    /// Streams of conversations.
    pub conversations: Store<Conversation>,
    /// Streams of responses.
    pub responses: Store<Response>,
    /// Streams of documents.
    pub documents: Store<Document>,
    /// Where callers keep bytes.
    pub media: MediaShelf,
    /// Streams of accounts.
    pub accounts: Store<Account>,
    /// What erases accounts.
    pub eraser: Eraser,
    /// Decisions about read models.
    pub projections: Store<Projection>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The models on offer.
    pub models: Arc<dyn ModelCatalog>,
    /// This process.
    pub node: NodeId,
    /// Work that outlives its request; shutdown waits for it.
    pub tracker: TaskTracker,
    /// Where tests make the process die.
    pub crash: CrashPoints,
    /// What carrying runs needs.
    pub runner: Arc<Runner>,
    call_duration_max: Duration,
    calls: Arc<Semaphore>,
    metrics: Arc<RunMetrics>,
}

/// What [`Commands`] is made of.
pub struct Parts {
    /// The event log.
    pub log: EventLog,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where callers keep bytes.
    pub media: MediaShelf,
    /// What erases accounts.
    pub eraser: Eraser,
    /// The models on offer.
    pub models: Arc<dyn ModelCatalog>,
    /// This process.
    pub node: NodeId,
    /// Work that outlives its request.
    pub tracker: TaskTracker,
    /// Where tests make the process die.
    pub crash: CrashPoints,
    /// What carrying runs needs.
    pub runner: Runner,
    /// Model calls at once; beyond it callers are told to come again.
    pub calls_max: usize,
    /// Longest a model call may take.
    pub call_duration_max: Duration,
}

impl Commands {
    /// Admits one more call of a model; `None` when this process answers as many as it can. The
    /// permit must be held as long as the call.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.calls).try_acquire_owned().ok()
    }

    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            eraser: parts.eraser,
            media: parts.media,
            conversations: Store::new(parts.log.clone()),
            responses: Store::new(parts.log.clone()),
            documents: Store::new(parts.log.clone()),
            accounts: Store::new(parts.log.clone()),
            projections: Store::new(parts.log),
            clock: parts.clock,
            models: parts.models,
            node: parts.node,
            tracker: parts.tracker,
            crash: parts.crash,
            runner: Arc::new(parts.runner),
            call_duration_max: parts.call_duration_max,
            calls: Arc::new(Semaphore::new(parts.calls_max)),
            metrics: Arc::new(RunMetrics::new()),
        }
    }
}
