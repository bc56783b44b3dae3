use axum::extract::State;
use axum::response::Response;
use jan_commands::account::{NewGuest, create_guest};

use super::tokens::{TokenBody, give_out, mint};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// Get in without a name: a new account, and tokens for it.
#[utoipa::path(post, path = "/auth/guest", operation_id = "create_guest", tag = "Auth", responses((status = 200, body = TokenBody)))]
pub(super) async fn guest(
    State(state): State<ApiState>,
    context: RequestContext,
) -> Result<Response, ApiError> {
    if !state.server.guests {
        return Err(ApiError::forbidden("This server lets no guests in."));
    }
    // Ids are never drawn from a client's word here: two strangers may choose the same word.
    let account = state.server.ids.account();
    let session = state.server.ids.session();
    let minted = mint(&state, &account, &session);
    let new = NewGuest {
        account,
        session: session.clone(),
        terms: minted.terms.clone(),
    };
    let live = create_guest(&state.commands, new, &context.request).await?;
    Ok(give_out(&state, &live, session, minted))
}

/// The same, under Jan's older name, answering 201.
#[utoipa::path(post, path = "/auth/guest-login", operation_id = "log_in_as_guest", tag = "Auth", responses((status = 201, body = TokenBody)))]
pub(super) async fn guest_login(
    state: State<ApiState>,
    context: RequestContext,
) -> Result<Response, ApiError> {
    Ok(crate::error::created(guest(state, context).await?))
}
