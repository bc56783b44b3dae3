use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_domain::id::AccountId;

use super::asking::Asking;
use super::given::id_of;
use super::user_error::UserError;
use crate::error::ApiError;
use crate::rest::admin::accounts::erase_account;

/// What only administrators may ask.
#[derive(Default)]
pub(super) struct AdminQuery;

/// What only administrators may do.
#[derive(Default)]
pub(super) struct AdminMutation;

/// An account to erase.
#[derive(InputObject)]
struct EraseAccountInput {
    /// Whose.
    id: ID,
}

/// The end of an account.
#[derive(SimpleObject)]
struct EraseAccountPayload {
    /// Whose end it was; absent if nothing was done.
    erased_account_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// A server process that lives.
#[derive(SimpleObject)]
struct ServerNode {
    /// Never used twice.
    id: ID,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it counts as dead unless it shows signs of life before.
    expires_at: DateTime<Utc>,
}

#[Object]
impl AdminQuery {
    /// The server processes that live, the oldest first. For administrators.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Option<Vec<ServerNode>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let nodes = asking.reads().nodes.list().await?.into_iter();
        let nodes = nodes.map(|row| ServerNode {
            id: row.id.into(),
            started_at: row.started_at,
            expires_at: row.expires_at,
        });
        Ok(Some(nodes.collect()))
    }
}

#[Object]
impl AdminMutation {
    /// Erase an account for good, with everything it has said and made. Nobody can take that back.
    /// For administrators.
    async fn erase_account(
        &self,
        ctx: &Context<'_>,
        input: EraseAccountInput,
    ) -> Result<Option<EraseAccountPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let (erased, user_errors) = asking.told(erased(asking, &input.id).await)?;
        asking.forget_reached();
        Ok(Some(EraseAccountPayload {
            erased_account_id: erased.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}

async fn erased(asking: &Asking, id: &ID) -> Result<AccountId, ApiError> {
    let account: AccountId = id_of(id, "id")?;
    let by = (&*asking.caller, &asking.context.request);
    erase_account(&asking.state, by, &account).await?;
    Ok(account)
}
