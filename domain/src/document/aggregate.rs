use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{DocumentCommand, DocumentContent, DocumentError, DocumentEvent, DocumentName};
use crate::caller::Owner;
use crate::decider::{self, Decider};

/// The life of a document. One that was removed can be indexed again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Document {
    /// Not yet, or not any more.
    #[default]
    Absent,
    /// It can be found.
    Kept(KeptDocument),
}

/// What is kept of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptDocument {
    /// Whose it is.
    pub owner: Owner,
    /// What the owner calls it.
    pub name: DocumentName,
    /// What it says.
    pub content: DocumentContent,
    /// Since when it says so.
    pub indexed_at: DateTime<Utc>,
}

impl Decider for Document {
    fn decide(&self, command: DocumentCommand) -> Result<Vec<DocumentEvent>, DocumentError> {
        use DocumentCommand as C;
        use DocumentEvent as E;
        match (self, command) {
            (Self::Kept(kept), C::Index { owner, .. }) if kept.owner != owner => {
                Err(DocumentError::AlreadyExists)
            }
            (Self::Kept(kept), C::Index { content, .. }) if kept.content == content => Ok(vec![]),
            (
                _,
                C::Index {
                    owner,
                    name,
                    content,
                    at,
                },
            ) => Ok(vec![E::Indexed {
                owner,
                name,
                content,
                at,
            }]),
            (Self::Kept(_), C::Remove { at }) => Ok(vec![E::Removed { at }]),
            (Self::Absent, C::Remove { .. }) => Err(DocumentError::NotFound),
        }
    }
}

impl Aggregate for Document {
    const TYPE: &'static str = "document";
    type Command = DocumentCommand;
    type Event = DocumentEvent;
    type Error = DocumentError;
    type Services = ();

    async fn handle(
        &mut self,
        command: DocumentCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), DocumentError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: DocumentEvent) {
        *self = match event {
            DocumentEvent::Indexed {
                owner,
                name,
                content,
                at,
            } => Self::Kept(KeptDocument {
                owner,
                name,
                content,
                indexed_at: at,
            }),
            DocumentEvent::Removed { .. } => Self::Absent,
        };
    }
}
