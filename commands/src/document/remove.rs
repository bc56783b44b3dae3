use jan_domain::Caller;
use jan_domain::document::{DocumentCommand, DocumentError, DocumentName};
use jan_domain::metadata::{Metadata, Request};

use crate::{CommandError, Commands};

/// Keeps one of the caller's documents no longer. One that was removed before is not there any more.
pub async fn remove_document(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    name: &DocumentName,
) -> Result<(), CommandError<DocumentError>> {
    let command = DocumentCommand::Remove {
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let id = name.stream_of(&caller.owner);
    commands
        .documents
        .execute(id.as_str(), command, &metadata)
        .await?;
    Ok(())
}
