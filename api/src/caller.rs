//! The caller of a request: who may pass, and who handlers are told it is.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jan_domain::{Caller, CallerKind};

use crate::error::ApiError;
use crate::media_service;
use crate::state::ApiState;

const AUTH_METHOD: HeaderName = HeaderName::from_static("x-auth-method");
const PRINCIPAL_ID: HeaderName = HeaderName::from_static("x-principal-id");

/// Lets only authenticated requests pass, before anything reads their bodies.
pub(crate) async fn require(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let media_key = state.server.media_key.as_ref();
    let (caller, method) = match media_service::caller_of(media_key, &request)? {
        Some(caller) => (caller, "api_key"),
        None => (state.authenticator.caller(request.headers()).await?, "jwt"),
    };
    let principal = HeaderValue::from_str(caller.owner.account.as_str());
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(AUTH_METHOD, HeaderValue::from_static(method));
    if let Ok(principal) = principal {
        response.headers_mut().insert(PRINCIPAL_ID, principal);
    }
    Ok(response)
}

/// The caller of an authenticated route.
#[derive(Clone)]
pub(crate) struct Authenticated(pub(crate) Arc<Caller>);

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Arc<Caller>>()
            .cloned()
            .map(Self)
            .ok_or_else(ApiError::unauthorized)
    }
}

/// Proof that the caller of a route may act on the deployment itself.
pub(crate) struct Administrator;

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        if caller.kind == CallerKind::Admin {
            return Ok(Self);
        }
        Err(ApiError::administrators_only())
    }
}
