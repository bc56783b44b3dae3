use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use jan_commands::run::{cancel_run, delete_run};
use jan_domain::id::ResponseId;
use serde::Serialize;

use super::{Response, find};
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::once;
use crate::graphql::user_error::UserError;

/// What is done with responses.
#[derive(Default)]
pub(in crate::graphql) struct ResponseMutation;

/// A response to cancel.
#[derive(InputObject, Serialize)]
struct CancelResponseInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A response to delete.
#[derive(InputObject, Serialize)]
struct DeleteResponseInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A response as it was left.
#[derive(SimpleObject)]
struct CancelResponsePayload {
    /// The response; absent if nothing was done.
    response: Option<Response>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// The end of a response.
#[derive(SimpleObject)]
struct DeleteResponsePayload {
    /// Whose end it was; absent if nothing was done.
    deleted_response_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl ResponseMutation {
    /// Cancel a response that runs in the background. One that has ended stays as it is.
    async fn cancel_response(
        &self,
        ctx: &Context<'_>,
        mut input: CancelResponseInput,
    ) -> Result<Option<CancelResponsePayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(asking, "cancelResponse", once_key, |hand| async move {
            let id: ResponseId = id_of(&id, "id")?;
            cancel_run(&hand.state.commands, &hand.caller, &hand.request, &id).await?;
            Ok(id)
        });
        let (cancelled, user_errors) = asking.told(done.await)?;
        let response = match cancelled {
            Some(id) => find(asking, id).await?,
            None => None,
        };
        Ok(Some(CancelResponsePayload {
            response,
            user_errors,
        }))
    }

    /// Delete a response that has ended.
    async fn delete_response(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteResponseInput,
    ) -> Result<Option<DeleteResponsePayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(asking, "deleteResponse", once_key, |hand| async move {
            let id: ResponseId = id_of(&id, "id")?;
            delete_run(&hand.state.commands, &hand.caller, &hand.request, &id).await?;
            Ok(id)
        });
        let (deleted, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteResponsePayload {
            deleted_response_id: deleted.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}
