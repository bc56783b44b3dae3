use axum::Json;
use axum::extract::State;
use jan_commands::CommandError;
use jan_domain::Owner;
use jan_domain::account::AccountError;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::metadata::Metadata;
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
        example = json!({"id": "user_1", "object": "account.deleted", "deleted": true}))))]
pub(super) async fn erase(
    State(state): State<ApiState>,
    _: Administrator,
    Authenticated(caller): Authenticated,
    InPath(account): InPath<AccountId>,
    context: RequestContext,
) -> Result<Json<Value>, ApiError> {
    let owner = Owner {
        tenant: TenantId::default(),
        account,
    };
    let mut metadata = Metadata::of(&caller, &context.request);
    metadata.tenant_id = owner.tenant.clone();
    metadata.owner_id = owner.account.clone();
    let (eraser, open) = (&state.commands.eraser, &state.reads.responses);
    match eraser.erase(&owner, &metadata, open).await {
        Err(CommandError::Refused(AccountError::NotFound)) => {
            return Err(ApiError::not_found("account", owner.account.as_str()));
        }
        done => done?,
    }
    state.authenticator.forget_all(&owner.account);
    let body = json!({"id": owner.account, "object": "account.deleted", "deleted": true});
    Ok(Json(body))
}
