//! `Idempotency-Key` on every authenticated POST: the same key carries a request out once.
//!
//! The request is carried out in a task of its own, so a client that goes away and asks again finds
//! the answer. Its ids are drawn from the key, so even a crash in the middle leads back to the same
//! streams.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use jan_commands::store::{Claim, IdempotencyKey, Outcome};
use jan_domain::Caller;
use jan_domain::ports::SeededIds;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::body::collect;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_BYTES_MAX: usize = 255;

/// Carries out requests with a key once; passes the others on.
pub(crate) async fn once(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return Ok(next.run(request).await);
    }
    let key_text = key_of(request.headers())?;
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let caller = caller.ok_or_else(ApiError::unauthorized)?;
    let (mut parts, body) = request.into_parts();
    let body = collect(Request::new(body), &state.server.limits).await?;
    let route = format!("{} {}", parts.method, parts.uri.path());
    let key = IdempotencyKey {
        owner: caller.owner.clone(),
        route,
        key: key_text,
        body_hash: Sha256::digest(&body).into(),
    };
    match claim(&state, &key).await? {
        Claim::InFlight => return Err(ApiError::key_in_flight()),
        Claim::OtherBody => return Err(ApiError::key_reused()),
        Claim::Finished(Outcome {
            status,
            body: Some(kept),
        }) => return Ok(replayed(status, kept)),
        // An answer that was not kept is told again from its events.
        Claim::Finished(_) | Claim::Ours => {}
    }
    if let Some(context) = parts.extensions.get_mut::<RequestContext>() {
        context.ids = Arc::new(SeededIds::new(seed(&key)));
        context.repeatable = true;
    }
    let request = Request::from_parts(parts, Body::from(body));
    let tracker = state.commands.tracker.clone();
    let carried_out = tracker.spawn(carry_out(state, key, request, next));
    carried_out.await.map_err(|_| ApiError::panicked())
}

fn key_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let refused = || {
        let message =
            format!("An Idempotency-Key must have 1 to {KEY_BYTES_MAX} visible characters.");
        ApiError::invalid_value(message).at("Idempotency-Key")
    };
    let key = headers
        .get(KEY)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(refused)?;
    let well_formed = !key.is_empty()
        && key.len() <= KEY_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_graphic());
    if well_formed {
        Ok(key.to_owned())
    } else {
        Err(refused())
    }
}

async fn claim(state: &ApiState, key: &IdempotencyKey) -> Result<Claim, ApiError> {
    state
        .idempotency
        .claim(key)
        .await
        .map_err(|error| ApiError::unavailable(&error))
}

/// Only who owns the key can know the ids drawn from it: the account's own id is part of the seed.
/// So is the body: a key that is used for something else, long after it was forgotten, must not lead
/// back to what it once made.
fn seed(key: &IdempotencyKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [
        key.owner.tenant.as_str(),
        key.owner.account.as_str(),
        &key.route,
        &key.key,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(key.body_hash);
    hash.finalize().into()
}

async fn carry_out(state: ApiState, key: IdempotencyKey, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if is_stream(&response) {
        return told_to_the_end(state, key, response);
    }
    let (parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await else {
        return ApiError::panicked().into_response();
    };
    let body = whole.to_bytes();
    keep(&state, &key, parts.status, &body).await;
    Response::from_parts(parts, Body::from(body))
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Answers that would come out differently next time are not kept, so the key can be tried again.
async fn keep(state: &ApiState, key: &IdempotencyKey, status: StatusCode, body: &Bytes) {
    let again = status.is_server_error() || crate::error::asks_to_come_again(status);
    let kept = if again {
        state.idempotency.release(key).await
    } else {
        let small = body.len() <= state.server.limits.kept_answer_bytes;
        let outcome = Outcome {
            status: status.as_u16(),
            body: small.then(|| body.to_vec()),
        };
        state.idempotency.finish(key, &outcome).await
    };
    if let Err(error) = kept {
        tracing::error!(error = %error, "the outcome of an idempotency key could not be kept");
    }
}

/// A stream is read to its end whether or not the client stays.
fn told_to_the_end(state: ApiState, key: IdempotencyKey, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, axum::Error>>(64);
    let tracker = state.commands.tracker.clone();
    let status = parts.status.as_u16();
    tracker.spawn(async move {
        let mut frames = body.into_data_stream();
        let mut listening = true;
        while let Some(frame) = frames.next().await {
            listening = listening && sender.send(frame).await.is_ok();
        }
        let outcome = Outcome { status, body: None };
        if let Err(error) = state.idempotency.finish(&key, &outcome).await {
            tracing::error!(error = %error, "the outcome of an idempotency key could not be kept");
        }
    });
    let frames = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    Response::from_parts(parts, Body::from_stream(frames))
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let json = HeaderValue::from_static("application/json");
    let headers = [
        (header::CONTENT_TYPE, json),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    let mut response = (headers, body).into_response();
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response
}
