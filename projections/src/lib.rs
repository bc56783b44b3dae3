//! What may be seen: the event feed, the projectors that fold it into tables, and the readers of
//! those tables.
//!
//! A read model is a folder with a pure `fold` from events to row changes, the statements that
//! write them, and a reader. Every reader takes the owner of what is read: there is no way to load
//! anything by id alone. Nothing here is the truth; every table can be emptied and folded again
//! from the `events` table, which this crate reads and never writes.
//!
//! The order of things: `feed` finds out up to where history is settled (`feed/gate.rs`, the one
//! clever file) and reads it in pages; `projector.rs` folds a page and commits rows and checkpoint
//! together; `barrier.rs` lets a read wait until its own write is in. Which node projects is a
//! matter of leases (`lease.rs`); what cannot be folded is set aside by name (`parking.rs`).
//!
//! Start reading at [`Projections::spawn`], then `projector.rs`. Commands, HTTP and the adapters of
//! the outside world are unknown here.

mod account;
pub mod audit;
mod barrier;
mod caretaker;
mod conversation;
mod cursor;
mod document;
mod erased;
mod error;
mod event_tail;
mod feed;
mod generation;
mod kept;
mod lease;
mod media;
mod metrics;
mod nodes;
mod operator;
mod parked;
mod parking;
mod projection;
mod projector;
mod rebuild;
mod response;
mod run;
mod running;
mod skipped;
mod status;
mod stored_name;
mod usage;

use std::sync::Arc;

use sqlx::PgPool;

use crate::audit::AuditReader;
pub use account::{AccountEntry, AccountReader, AccountRow, Holdings};
pub use barrier::{Barrier, Consistency, Freshness, ReadModel, WAIT_MAX};
pub use conversation::{
    BranchRow, ConversationChange, ConversationList, ConversationReader, ConversationRow, ItemRow,
    ItemsWanted,
};
pub use cursor::{Order, Page, PageRequest};
pub use document::{DocumentReader, DocumentRow, DocumentShelf, Embedding, Nearest};
pub use error::{ListError, ReadError};
pub use event_tail::{EventFilter, EventTail};
pub use feed::StoredEvent;
pub use generation::{Status, UnknownStatus};
pub use media::{MediaReader, MediaRow};
pub use nodes::{NodeReader, NodeRow};
pub use operator::{ProjectionOperator, Rebuilt};
pub use parked::{Parked, Retried, Selection};
pub use rebuild::{
    Comparison, Phase, Progress, RebuildError, RowDifference, SHARDS_MAX, TableComparison, TableSum,
};
pub use response::{ResponseFilter, ResponseReader, ResponseRow, ResponseStatus};
pub use run::{RunReader, RunRow, RunStatus, StepRow, StepStatus};
pub use running::{Projections, RunningProjections, Tuning};
pub use status::{ProjectionStatus, list_projections};
pub use usage::{RunCounts, UsageReader, UsageRow};

/// One reader per read model, and the barrier that stands before them. Cheap to clone.
#[derive(Clone)]
pub struct ReadModels {
    /// Conversations and their items.
    pub conversations: ConversationReader,
    /// Model calls.
    pub responses: ResponseReader,
    /// Responses of several steps.
    pub runs: RunReader,
    /// Documents to search.
    pub documents: DocumentReader,
    /// What callers keep in the object store.
    pub media: MediaReader,
    /// Accounts and closed sessions.
    pub accounts: AccountReader,
    /// The processes that live.
    pub nodes: NodeReader,
    /// What accounts used.
    pub usage: UsageReader,
    /// All events, for those who may see them.
    pub audit: AuditReader,
    /// Where a read waits for its own write.
    pub barrier: Barrier,
}

impl ReadModels {
    /// Readers of a node that does not project: the barrier watches the checkpoints of others.
    pub fn elsewhere(pool: &PgPool) -> Self {
        let barrier = Barrier::new(pool.clone(), Arc::default(), barrier::LocalPositions::new());
        Self::behind(barrier, pool)
    }

    fn behind(barrier: Barrier, pool: &PgPool) -> Self {
        Self {
            conversations: ConversationReader::new(pool.clone()),
            responses: ResponseReader::new(pool.clone()),
            runs: RunReader::new(pool.clone()),
            documents: DocumentReader::new(pool.clone()),
            media: MediaReader::new(pool.clone()),
            accounts: AccountReader::new(pool.clone()),
            nodes: NodeReader::new(pool.clone()),
            usage: UsageReader::new(pool.clone()),
            audit: AuditReader::new(pool.clone()),
            barrier,
        }
    }
}
