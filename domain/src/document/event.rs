use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::{DocumentContent, DocumentName};
use crate::caller::Owner;

/// What has happened to a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DocumentEvent {
    /// It says this from now on.
    Indexed {
        /// Whose it is.
        owner: Owner,
        /// What the owner calls it.
        name: DocumentName,
        /// What it says, whole.
        content: DocumentContent,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is not there any more.
    Removed {
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for DocumentEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Indexed { .. } => "DocumentIndexed",
            Self::Removed { .. } => "DocumentRemoved",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
