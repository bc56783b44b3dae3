use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use jan_commands::account::log_out;
use jan_domain::account::{Account, Session};
use jan_domain::ports::ReadRefreshToken;
use serde_json::json;

use super::tokens::{forgotten, presented};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// Leave: the session's tokens are refused from now on.
#[utoipa::path(post, path = "/auth/logout", operation_id = "log_out", tag = "Auth",
    responses((status = 200, body = serde_json::Value, example = json!({"status": "logged out"}))))]
pub(super) async fn logout(
    State(state): State<ApiState>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = match state.authenticator.caller(&headers).await {
        Ok(caller) => Some(caller),
        Err(error) if error.is_unauthorized() => None,
        Err(error) => return Err(error),
    };
    if let Some(caller) = &caller
        && let Some(session) = &caller.session
    {
        log_out(&state.commands, &caller.owner, session, &context.request).await?;
        state.authenticator.forget(&caller.owner.account, session);
    } else if let Ok(token) = presented(&headers, None)
        && let Ok(known) = state.authenticator.issuer.read_refresh_token(&token)
    {
        end_session_of(&state, &context, &known).await?;
    }
    Ok((
        [(header::SET_COOKIE, forgotten())],
        Json(json!({"status": "logged out"})),
    )
        .into_response())
}

/// Ends the session of a refresh token, if it is the session's own.
async fn end_session_of(
    state: &ApiState,
    context: &RequestContext,
    known: &ReadRefreshToken,
) -> Result<(), ApiError> {
    let account = state.commands.accounts.load(known.account.as_str()).await?;
    let Account::Live(live) = &account.state else {
        return Ok(());
    };
    let current = match live.sessions.get(&known.session) {
        Some(Session::Open { refresh, .. }) => *refresh == known.hash,
        Some(Session::Closed) | None => false,
    };
    if current {
        log_out(
            &state.commands,
            &live.owner,
            &known.session,
            &context.request,
        )
        .await?;
        state.authenticator.forget(&known.account, &known.session);
    }
    Ok(())
}

/// The same, under Jan's older method.
#[utoipa::path(get, path = "/auth/logout", operation_id = "log_out_by_get", tag = "Auth",
    responses((status = 200, body = serde_json::Value)))]
pub(super) async fn logout_get(
    state: State<ApiState>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    logout(state, context, headers).await
}
