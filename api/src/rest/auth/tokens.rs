use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, header};
use jan_commands::account::SessionTerms;
use jan_domain::account::LiveAccount;
use jan_domain::id::SessionId;
use jan_domain::ports::AccessClaims;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::state::ApiState;

/// The name of the cookie that holds a refresh token.
pub(super) const COOKIE: &str = "refresh_token";

/// Tokens as they are given out.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenBody {
    /// The account.
    user_id: String,
    /// Its name.
    username: String,
    /// The same as `user_id`.
    principal_id: String,
    /// For `Authorization: Bearer`.
    access_token: String,
    /// For `POST /auth/refresh-token`, once.
    refresh_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// Seconds until the access token dies.
    expires_in: i64,
    /// When it dies.
    expires_at: DateTime<Utc>,
}

/// A refresh token that has just been made.
pub(super) struct Minted {
    pub(super) text: String,
    pub(super) terms: SessionTerms,
}

/// Makes a refresh token for a session.
pub(super) fn mint(
    state: &ApiState,
    account: &jan_domain::id::AccountId,
    session: &SessionId,
) -> Minted {
    let made = state
        .authenticator
        .issuer
        .make_refresh_token(account, session);
    let expires_at = state.commands.clock.now() + lifetime(made.lifetime);
    Minted {
        text: made.text,
        terms: SessionTerms {
            refresh: made.hash,
            expires_at,
        },
    }
}

fn lifetime(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::days(1))
}

/// Gives out an access token beside the refresh token, in the body and as a cookie.
pub(super) fn give_out(
    state: &ApiState,
    account: &LiveAccount,
    session: SessionId,
    minted: Minted,
) -> Response {
    let issued_at = state.commands.clock.now();
    let issuer = &state.authenticator.issuer;
    let expires_at = issued_at + lifetime(issuer.access_lifetime());
    let access_token = issuer.sign(&AccessClaims {
        owner: account.owner.clone(),
        session,
        kind: account.kind,
        issued_at,
        expires_at,
    });
    let cookie = cookie(
        &minted.text,
        (minted.terms.expires_at - issued_at).num_seconds(),
    );
    let user_id = account.owner.account.to_string();
    let body = TokenBody {
        principal_id: user_id.clone(),
        user_id,
        username: account.username.clone(),
        access_token,
        refresh_token: minted.text,
        token_type: "Bearer",
        expires_in: (expires_at - issued_at).num_seconds(),
        expires_at,
    };
    ([(header::SET_COOKIE, cookie)], Json(body)).into_response()
}

/// The cookie that forgets the refresh token.
pub(super) fn forgotten() -> HeaderValue {
    cookie("", 0)
}

fn cookie(token: &str, seconds: i64) -> HeaderValue {
    let text = format!(
        "{COOKIE}={token}; Path=/auth; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict"
    );
    HeaderValue::from_str(&text).expect("refresh tokens have header characters only")
}

/// The refresh token of a request: from its body, its cookie, or its bearer credentials.
pub(super) fn presented(headers: &HeaderMap, body: Option<&str>) -> Result<String, ApiError> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .map(str::trim);
    let from_cookies = pairs.filter_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='));
    let places = body.into_iter().chain(from_cookies).chain(bearer(headers));
    // What is there but empty hides nothing behind it.
    let mut found = places.map(str::trim).filter(|token| !token.is_empty());
    match found.next() {
        Some(token) => Ok(token.to_owned()),
        None => Err(ApiError::missing("refresh_token")),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
