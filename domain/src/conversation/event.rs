use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::Origin;
use crate::caller::Owner;
use crate::id::{ItemId, ResponseId};
use crate::item::Item;
use crate::user_metadata::UserMetadata;

/// What has happened to a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ConversationEvent {
    /// It began.
    Created {
        /// Whose it is.
        owner: Owner,
        /// What it is called, if anything yet.
        title: Option<String>,
        /// The client's own pairs.
        metadata: UserMetadata,
        /// Where it came from, in the client's words.
        referrer: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It began as a copy. The items that were copied follow.
    Forked {
        /// Of what.
        origin: Origin,
        /// When.
        at: DateTime<Utc>,
    },
    /// It got another title.
    TitleChanged {
        /// The new one.
        title: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// All its pairs were replaced.
    MetadataReplaced {
        /// The new ones.
        metadata: UserMetadata,
        /// When.
        at: DateTime<Utc>,
    },
    /// It got another referrer.
    ReferrerChanged {
        /// The new one.
        referrer: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It grew.
    ItemsAppended {
        /// What was added, in order.
        items: Vec<Item>,
        /// The model call that brought them, if one did.
        response: Option<ResponseId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It lost an item.
    ItemDeleted {
        /// Which.
        item: ItemId,
        /// When.
        at: DateTime<Utc>,
    },
    /// A run began on it; no other may until that one ends.
    RunBegan {
        /// Which.
        response: ResponseId,
        /// When.
        at: DateTime<Utc>,
    },
    /// The run on it ended.
    RunEnded {
        /// Which.
        response: ResponseId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It ended.
    Deleted {
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for ConversationEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Created { .. } => "ConversationCreated",
            Self::Forked { .. } => "ConversationForked",
            Self::TitleChanged { .. } => "ConversationTitleChanged",
            Self::MetadataReplaced { .. } => "ConversationMetadataReplaced",
            Self::ReferrerChanged { .. } => "ConversationReferrerChanged",
            Self::ItemsAppended { .. } => "ConversationItemsAppended",
            Self::ItemDeleted { .. } => "ConversationItemDeleted",
            Self::RunBegan { .. } => "ConversationRunBegan",
            Self::RunEnded { .. } => "ConversationRunEnded",
            Self::Deleted { .. } => "ConversationDeleted",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
