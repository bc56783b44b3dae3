use axum::Json;
use axum::extract::State;
use jan_projections::{ReadModel, ReadModels};
use serde_json::{Value, json};

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::state::ApiState;

/// Who the caller is.
#[utoipa::path(get, path = "/auth/me", operation_id = "get_me", tag = "Auth", responses((status = 200, body = serde_json::Value)))]
pub(super) async fn me(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
) -> Result<(Freshened, Json<Value>), ApiError> {
    let fresh = reach(&reads, ReadModel::Accounts, &context).await?;
    let account = reads.accounts.find(&caller.owner).await?;
    let account = account.ok_or_else(ApiError::unauthorized)?;
    let body = json!({
        "id": caller.owner.account,
        "username": account.username,
        "subject": caller.owner.account,
        "kind": caller.kind,
        "auth_method": "jwt",
        "created_at": account.created_at.timestamp(),
    });
    Ok((fresh, Json(body)))
}

/// The public keys that access tokens are signed with.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "get_jwks", tag = "Auth",
    responses((status = 200, body = serde_json::Value)))]
pub(super) async fn jwks(State(state): State<ApiState>) -> Json<Value> {
    Json(state.authenticator.issuer.jwks())
}
