use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use jan_domain::id::MediaId;
use jan_domain::metadata::Metadata;
use serde::Serialize;

use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::once;
use crate::graphql::user_error::UserError;

/// What is done with files. Their bytes come over REST.
#[derive(Default)]
pub(in crate::graphql) struct FileMutation;

/// A file to keep no longer.
#[derive(InputObject, Serialize)]
struct DeleteFileInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The end of a file.
#[derive(SimpleObject)]
struct DeleteFilePayload {
    /// Whose end it was; absent if nothing was done.
    deleted_file_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl FileMutation {
    /// Delete an image or a file, and its bytes.
    async fn delete_file(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteFileInput,
    ) -> Result<Option<DeleteFilePayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(asking, "deleteFile", once_key, |hand| async move {
            let id: MediaId = id_of(&id, "id")?;
            let metadata = Metadata::of(&hand.caller, &hand.request);
            let by = (&hand.caller.owner, &metadata);
            hand.state.commands.media.delete(by, &id).await?;
            Ok(id)
        });
        let (deleted, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteFilePayload {
            deleted_file_id: deleted.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}
