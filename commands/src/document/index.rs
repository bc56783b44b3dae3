use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::document::{
    Document, DocumentCommand, DocumentContent, DocumentError, DocumentName,
};
use jan_domain::metadata::Metadata;

use crate::CommandError;
use crate::store::Store;

/// A document as it stands after it was indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// Since when it says what it says.
    pub since: DateTime<Utc>,
    /// Whether it said so before.
    pub unchanged: bool,
}

/// Keeps a document in place of what its owner called so before. The same again is no news.
pub async fn index_document(
    documents: &Store<Document>,
    owner: &Owner,
    (name, content): (DocumentName, DocumentContent),
    metadata: &Metadata,
    at: DateTime<Utc>,
) -> Result<Indexed, CommandError<DocumentError>> {
    let id = name.stream_of(owner);
    let command = DocumentCommand::Index {
        owner: owner.clone(),
        name,
        content,
        at,
    };
    let executed = documents.execute(id.as_str(), command, metadata).await?;
    match executed.after.state {
        Document::Kept(kept) => Ok(Indexed {
            since: kept.indexed_at,
            unchanged: executed.position.is_none(),
        }),
        Document::Absent => Err(CommandError::Refused(DocumentError::NotFound)),
    }
}
