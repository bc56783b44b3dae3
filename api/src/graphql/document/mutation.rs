use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use jan_commands::document::remove_document;
use jan_domain::id::DocumentId;
use serde::Serialize;

use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::once;
use crate::graphql::user_error::UserError;

/// What is done with documents. They are kept by tools.
#[derive(Default)]
pub(in crate::graphql) struct DocumentMutation;

/// A document to keep no longer.
#[derive(InputObject, Serialize)]
struct DeleteDocumentInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The end of a document.
#[derive(SimpleObject)]
struct DeleteDocumentPayload {
    /// Whose end it was; absent if nothing was done.
    deleted_document_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl DocumentMutation {
    /// Keep a document no longer.
    async fn delete_document(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteDocumentInput,
    ) -> Result<Option<DeleteDocumentPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(asking, "deleteDocument", once_key, |hand| async move {
            let id: DocumentId = id_of(&id, "id")?;
            remove_document(&hand.state.commands, &hand.caller, &hand.request, &id).await?;
            Ok(id)
        });
        let (deleted, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteDocumentPayload {
            deleted_document_id: deleted.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}
