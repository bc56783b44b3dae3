use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::{MediaContent, MediaLabel, ObjectPlace};
use crate::caller::Owner;

/// What has happened to media.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MediaEvent {
    /// Bytes may be written at this place from now on. None are readable yet.
    UploadPrepared {
        /// Whose they will be.
        owner: Owner,
        /// Where they will lie.
        place: ObjectPlace,
        /// What is said about them.
        label: MediaLabel,
        /// Until when they must have come.
        expires_at: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The bytes were read, found good and written. They can be read from now on.
    Stored {
        /// What they are.
        content: MediaContent,
        /// Until when they are kept; `None` until they are deleted.
        retain_until: Option<DateTime<Utc>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The same bytes came again, so they are kept for longer.
    Retained {
        /// Until when; `None` until they are deleted.
        until: Option<DateTime<Utc>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its time was over. The bytes can be read no more, and may still lie there.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// Its owner did not want it any more. The bytes can be read no more, and may still lie there.
    Deleted {
        /// When.
        at: DateTime<Utc>,
    },
    /// The bytes are gone.
    Purged {
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for MediaEvent {
    fn event_type(&self) -> String {
        match self {
            Self::UploadPrepared { .. } => "MediaUploadPrepared",
            Self::Stored { .. } => "MediaStored",
            Self::Retained { .. } => "MediaRetained",
            Self::Expired { .. } => "MediaExpired",
            Self::Deleted { .. } => "MediaDeleted",
            Self::Purged { .. } => "MediaPurged",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
