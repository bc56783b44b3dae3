use axum::Json;
use axum::extract::State;
use http::header;
use jan_domain::metadata::Metadata;
use serde_json::{Value, json};

use super::tokens::forgotten;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// Erase the caller's account for good, with everything it has said and made. Nobody can take that
/// back.
#[utoipa::path(delete, path = "/auth/me", operation_id = "erase_me", tag = "Auth",
    responses((status = 200, body = serde_json::Value,
        example = json!({"id": "user_1", "object": "account.deleted", "deleted": true}))))]
pub(super) async fn erase_me(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
) -> Result<([(header::HeaderName, http::HeaderValue); 1], Json<Value>), ApiError> {
    let metadata = Metadata::of(&caller, &context.request);
    let (eraser, open) = (&state.commands.eraser, &state.reads.responses);
    eraser.erase(&caller.owner, &metadata, open).await?;
    let account = &caller.owner.account;
    state.authenticator.forget_all(account);
    let body = json!({"id": account, "object": "account.deleted", "deleted": true});
    Ok(([(header::SET_COOKIE, forgotten())], Json(body)))
}
