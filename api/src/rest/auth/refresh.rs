use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use jan_commands::CommandError;
use jan_commands::account::refresh_session;
use jan_domain::account::AccountError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::tokens::{TokenBody, give_out, mint, presented};
use crate::body::JsonBody;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// A refresh token, unless it comes as a cookie or as bearer credentials.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    refresh_token: Option<String>,
}

/// Exchange a refresh token for new tokens. Each works once; a second use ends the session.
#[utoipa::path(post, path = "/auth/refresh-token", operation_id = "refresh_token", tag = "Auth",
    request_body = RefreshBody, responses((status = 200, body = TokenBody)))]
pub(super) async fn refresh(
    State(state): State<ApiState>,
    context: RequestContext,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RefreshBody>,
) -> Result<Response, ApiError> {
    let presented = presented(&headers, body.refresh_token.as_deref())?;
    let read = state.authenticator.issuer.read_refresh_token(&presented);
    let known = read.map_err(|_| ApiError::invalid_refresh_token())?;
    let minted = mint(&state, &known.account, &known.session);
    let live = refresh_session(
        &state.commands,
        (&known.account, &known.session),
        known.hash,
        minted.terms.clone(),
        &context.request,
    )
    .await;
    if let Err(CommandError::Refused(AccountError::SessionNotOpen)) = &live {
        // It may just have been closed because its token came twice.
        let (account, session) = (&known.account, &known.session);
        state.authenticator.forget(account, session);
    }
    Ok(give_out(&state, &live?, known.session, minted))
}

/// The same, under Jan's older method.
#[utoipa::path(get, path = "/auth/refresh-token", operation_id = "refresh_token_by_get", tag = "Auth", responses((status = 200, body = TokenBody)))]
pub(super) async fn refresh_get(
    state: State<ApiState>,
    context: RequestContext,
    headers: HeaderMap,
    body: JsonBody<RefreshBody>,
) -> Result<Response, ApiError> {
    refresh(state, context, headers, body).await
}
