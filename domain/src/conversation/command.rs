use chrono::{DateTime, Utc};

use super::{Origin, Turn};
use crate::caller::Owner;
use crate::id::{ItemId, ResponseId};
use crate::item::Item;
use crate::user_metadata::UserMetadata;

/// What may be asked of a conversation.
#[derive(Debug, Clone)]
pub enum ConversationCommand {
    /// Begin, with these items.
    Create {
        /// Whose it will be.
        owner: Owner,
        /// What it is called.
        title: Option<String>,
        /// The client's own pairs.
        metadata: UserMetadata,
        /// Where it came from.
        referrer: Option<String>,
        /// Its first items.
        items: Vec<Item>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Begin as a copy of what another conversation holds, or held.
    Fork {
        /// Whose it will be.
        owner: Owner,
        /// What it is called.
        title: Option<String>,
        /// The client's own pairs.
        metadata: UserMetadata,
        /// Where it came from, in the client's words.
        referrer: Option<String>,
        /// What it is a copy of.
        origin: Origin,
        /// What it begins with.
        turns: Vec<Turn>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Change what is given, keep the rest.
    Update {
        /// A new title.
        title: Option<String>,
        /// New pairs, replacing all old ones.
        metadata: Option<UserMetadata>,
        /// A new referrer.
        referrer: Option<String>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Add items at the end.
    AppendItems {
        /// What to add, in order.
        items: Vec<Item>,
        /// The model call that brings them, if one does.
        response: Option<ResponseId>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Remove items.
    DeleteItems {
        /// Which.
        items: Vec<ItemId>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Let a run begin on it.
    BeginRun {
        /// Which.
        response: ResponseId,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Let go of the run on it.
    EndRun {
        /// Which.
        response: ResponseId,
        /// Now.
        at: DateTime<Utc>,
    },
    /// End.
    Delete {
        /// Now.
        at: DateTime<Utc>,
    },
}
