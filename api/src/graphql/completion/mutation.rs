use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use jan_commands::response::{delete_stored, replace_metadata};
use jan_domain::UserMetadata;
use jan_domain::id::ResponseId;
use serde::Serialize;

use super::StoredCompletion;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::once;
use crate::graphql::scalar::Metadata;
use crate::graphql::user_error::UserError;

/// What is done with stored completions.
#[derive(Default)]
pub(in crate::graphql) struct CompletionMutation;

/// What to change of a stored completion.
#[derive(InputObject, Serialize)]
struct UpdateStoredCompletionInput {
    /// Which.
    id: ID,
    /// New pairs, replacing all old ones; at most 16.
    metadata: Metadata,
    /// The same key changes it once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A stored completion to delete.
#[derive(InputObject, Serialize)]
struct DeleteStoredCompletionInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A stored completion as it was left.
#[derive(SimpleObject)]
struct UpdateStoredCompletionPayload {
    /// The completion; absent if nothing was done.
    stored_completion: Option<StoredCompletion>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// The end of a stored completion.
#[derive(SimpleObject)]
struct DeleteStoredCompletionPayload {
    /// Whose end it was; absent if nothing was done.
    deleted_stored_completion_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl CompletionMutation {
    /// Replace the metadata of a stored completion.
    async fn update_stored_completion(
        &self,
        ctx: &Context<'_>,
        mut input: UpdateStoredCompletionInput,
    ) -> Result<Option<UpdateStoredCompletionPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let (id, metadata) = (input.id.clone(), input.metadata.clone());
        let done = once(
            asking,
            "updateStoredCompletion",
            once_key,
            |hand| async move {
                let id: ResponseId = id_of(&id, "id")?;
                let metadata = UserMetadata::parse(metadata.0)?;
                let (commands, request) = (&hand.state.commands, &hand.request);
                let stored =
                    replace_metadata(commands, &hand.caller, request, &id, metadata).await?;
                Ok(StoredCompletion::of(id, stored))
            },
        );
        let (stored_completion, user_errors) = asking.told(done.await)?;
        Ok(Some(UpdateStoredCompletionPayload {
            stored_completion,
            user_errors,
        }))
    }

    /// Delete a stored completion.
    async fn delete_stored_completion(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteStoredCompletionInput,
    ) -> Result<Option<DeleteStoredCompletionPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(
            asking,
            "deleteStoredCompletion",
            once_key,
            |hand| async move {
                let id: ResponseId = id_of(&id, "id")?;
                delete_stored(&hand.state.commands, &hand.caller, &hand.request, &id).await?;
                Ok(id)
            },
        );
        let (deleted, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteStoredCompletionPayload {
            deleted_stored_completion_id: deleted.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}
