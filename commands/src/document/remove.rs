use jan_domain::Caller;
use jan_domain::document::{Document, DocumentCommand, DocumentError};
use jan_domain::id::DocumentId;
use jan_domain::metadata::{Metadata, Request};

use crate::{CommandError, Commands};

/// Keeps one of the caller's documents no longer. One that was removed before is not there any more.
pub async fn remove_document(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    id: &DocumentId,
) -> Result<(), CommandError<DocumentError>> {
    let command = DocumentCommand::Remove {
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let own = |state: &Document| match state {
        Document::Kept(kept) if caller.sees(&kept.owner) => Ok(()),
        Document::Kept(_) | Document::Absent => Err(DocumentError::NotFound),
    };
    commands
        .documents
        .execute_when(id.as_str(), command, &metadata, own)
        .await?;
    Ok(())
}
