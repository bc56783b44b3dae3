use chrono::{DateTime, Utc};

use super::{MediaContent, MediaLabel, ObjectPlace};
use crate::caller::Owner;

/// What may be asked of media.
#[derive(Debug, Clone)]
pub enum MediaCommand {
    /// Bytes are about to be written, or may be sent until a deadline.
    Prepare {
        /// Whose they will be.
        owner: Owner,
        /// Where they will lie. Never used before, so that a late deletion meets nothing newer.
        place: ObjectPlace,
        /// What is said about them.
        label: MediaLabel,
        /// Until when they must have come.
        expires_at: DateTime<Utc>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// The bytes lie where they should, and were looked at.
    Keep {
        /// Where they were written: somebody else may have prepared another place meanwhile.
        place: ObjectPlace,
        /// What they are.
        content: MediaContent,
        /// Until when they are kept; `None` until they are deleted.
        retain_until: Option<DateTime<Utc>>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Give up what is due; what is not due stays.
    Expire {
        /// Now.
        at: DateTime<Utc>,
    },
    /// Keep it no longer.
    Delete {
        /// Now.
        at: DateTime<Utc>,
    },
    /// The bytes are gone.
    Purge {
        /// From where: another life of the same media lies elsewhere.
        place: ObjectPlace,
        /// Now.
        at: DateTime<Utc>,
    },
}
