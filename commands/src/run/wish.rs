use std::collections::BTreeSet;

use jan_domain::UserMetadata;
use jan_domain::id::{ConversationId, ItemId, ResponseId};
use jan_domain::item::Item;
use jan_domain::response::Retention;
use jan_domain::response::run::ApprovalRule;

use super::recorded::{RecordedRequest, ServerKey};

/// A response as its caller wishes it, checked and taken apart.
#[derive(Debug, Clone)]
pub struct RunWish {
    /// The model's public name.
    pub model: String,
    /// What is recorded of the request.
    pub request: RecordedRequest,
    /// The items that the request brings, in order.
    pub input: Vec<InputItem>,
    /// What was said before on a connection that remembers it, when nothing of it is on record.
    pub remembered: Vec<Item>,
    /// Tool servers of the caller's.
    pub servers: Vec<ServerWish>,
    /// The response whose context is continued.
    pub previous: Option<ResponseId>,
    /// The conversation that is continued.
    pub conversation: Option<ConversationId>,
    /// Whether it runs without its client.
    pub background: bool,
    /// Whether the client reads a stream.
    pub stream: bool,
    /// How much is kept.
    pub retention: Retention,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// Tool calls in all.
    pub tool_calls_max: Option<u32>,
    /// Whether ids are drawn from an `Idempotency-Key`, so that this may have been asked before.
    pub repeatable: bool,
}

/// One item of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum InputItem {
    /// Itself.
    Item(Item),
    /// An item of the caller's that is on record.
    Reference(ItemId),
}

/// A tool server as a request names it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerWish {
    /// Its label.
    pub label: String,
    /// Where it is.
    pub url: String,
    /// What opens its door.
    pub key: ServerKey,
    /// The tools that may be used; `None` means all.
    pub allowed: Option<BTreeSet<String>>,
    /// Whether only tools that read may be used.
    pub read_only: bool,
    /// Which calls need the caller's word.
    pub approval: ApprovalRule,
}
