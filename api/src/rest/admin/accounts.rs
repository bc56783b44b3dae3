use axum::Json;
use axum::extract::State;
use jan_commands::CommandError;
use jan_domain::account::AccountError;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::metadata::{Metadata, Request};
use jan_domain::{Caller, Owner};
use serde_json::{Value, json};

use crate::caller::{Administrator, Authenticated};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Erase an account for good, with everything it has said and made. Nobody can take that back.
#[utoipa::path(delete, path = "/v1/admin/accounts/{account_id}", operation_id = "erase_account",
    tag = "Administration", params(("account_id" = String, Path)),
    responses((status = 200, body = serde_json::Value,
        example = json!({"id": "user_1", "object": "account.deleted", "deleted": true, "readable_events": 0}))))]
pub(super) async fn erase(
    State(state): State<ApiState>,
    _: Administrator,
    Authenticated(caller): Authenticated,
    InPath(account): InPath<AccountId>,
    context: RequestContext,
) -> Result<Json<Value>, ApiError> {
    let readable = erase_account(&state, (&caller, &context.request), &account).await?;
    let body = json!({"id": account, "object": "account.deleted", "deleted": true,
        "readable_events": readable});
    Ok(Json(body))
}

/// Erases an account for good, and lets nobody in by a token of its any more. Answers how many of its
/// events can still be read, because they were never sealed.
pub(crate) async fn erase_account(
    state: &ApiState,
    (caller, request): (&Caller, &Request),
    account: &AccountId,
) -> Result<i64, ApiError> {
    let owner = Owner {
        tenant: TenantId::default(),
        account: account.clone(),
    };
    let mut metadata = Metadata::of(caller, request);
    metadata.tenant_id = owner.tenant.clone();
    metadata.owner_id = owner.account.clone();
    let (eraser, open) = (&state.commands.eraser, &state.reads.responses);
    match eraser.erase(&owner, &metadata, open).await {
        Err(CommandError::Refused(AccountError::NotFound)) => {
            return Err(ApiError::not_found("account", owner.account.as_str()));
        }
        done => done?,
    }
    state.authenticator.forget_all(account);
    Ok(eraser.count_readable(&owner).await?)
}
