use chrono::{DateTime, Utc};

use super::{DocumentContent, DocumentName};
use crate::caller::Owner;

/// What may be asked of a document.
#[derive(Debug, Clone)]
pub enum DocumentCommand {
    /// Keep this, in place of what was kept under the name before.
    Index {
        /// Whose it is.
        owner: Owner,
        /// What the owner calls it.
        name: DocumentName,
        /// What it says.
        content: DocumentContent,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Keep it no longer.
    Remove {
        /// Now.
        at: DateTime<Utc>,
    },
}
