//! `Idempotency-Key` on every authenticated POST: the same key carries a request out once.
//!
//! The request is carried out in a task of its own, so a client that goes away and asks again finds
//! the answer. Its ids are drawn from the key, so even a crash in the middle leads back to the same
//! streams.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use jan_commands::store::{Claim, IdempotencyKey, Outcome};
use jan_domain::Caller;
use jan_domain::ports::SeededIds;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::body::{collect, limits_of};
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::state::ApiState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_BYTES_MAX: usize = 255;
/// Longest route kept as it is; an index of Postgres has no room for much longer ones.
const ROUTE_BYTES_MAX: usize = 512;
/// Pauses between attempts to end a claim.
const SETTLE_PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

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
    let (parts, body) = request.into_parts();
    let limits = limits_of(parts.uri.path(), &state);
    let body = collect(Request::new(body), &limits).await?;
    let key = IdempotencyKey {
        owner: caller.owner.clone(),
        route: route_of(&parts),
        key: key_text,
        body_hash: Sha256::digest(&body).into(),
    };
    let request = Request::from_parts(parts, Body::from(body));
    // From the claim on, nobody but the task itself can stop it: a claim that is dropped half-way
    // would keep its key in use for as long as the process lives.
    let tracker = state.commands.tracker.clone();
    let carried_out =
        tracker.spawn(claim_and_carry_out(state, key, request, next).in_current_span());
    carried_out.await.map_err(|_| ApiError::panicked())?
}

/// What a request's answer depends on besides its body: a key belongs to all of it.
fn route_of(parts: &Parts) -> String {
    let context = parts.extensions.get::<RequestContext>();
    let flavour = match context.map(|context| context.flavour) {
        Some(Flavour::Jan) => "jan",
        Some(Flavour::OpenAi) | None => "openai",
    };
    let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let route = format!("{} {target} {flavour}", parts.method);
    if route.len() <= ROUTE_BYTES_MAX {
        route
    } else {
        format!("sha256 {:x}", Sha256::digest(route))
    }
}

fn key_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let key = headers.get(KEY).and_then(|value| value.to_str().ok());
    well_formed(key.unwrap_or_default())
        .map(str::to_owned)
        .ok_or_else(|| malformed().at("Idempotency-Key"))
}

/// A key of which anything can be remembered.
pub(crate) fn well_formed(key: &str) -> Option<&str> {
    let fits = !key.is_empty()
        && key.len() <= KEY_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(key)
}

/// Why a key is refused.
pub(crate) fn malformed() -> ApiError {
    let message = format!("An Idempotency-Key must have 1 to {KEY_BYTES_MAX} visible characters.");
    ApiError::invalid_value(message)
}

pub(crate) async fn claim(state: &ApiState, key: &IdempotencyKey) -> Result<Claim, ApiError> {
    state
        .idempotency
        .claim(key)
        .await
        .map_err(|error| ApiError::unavailable(&error))
}

/// Only who owns the key can know the ids drawn from it: the account's own id is part of the seed.
/// So is the body: a key that is used for something else, long after it was forgotten, must not lead
/// back to what it once made.
pub(crate) fn seed(key: &IdempotencyKey) -> [u8; 32] {
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

async fn claim_and_carry_out(
    state: ApiState,
    key: IdempotencyKey,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
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
    if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
        context.ids = Arc::new(SeededIds::new(seed(&key)));
        context.repeatable = true;
    }
    let response = even_if_it_panics(next.run(request)).await;
    Ok(end(state, key, response).await)
}

/// The catcher around all routes is outside this task, and would not let the key go.
async fn even_if_it_panics(response: impl Future<Output = Response>) -> Response {
    let caught = AssertUnwindSafe(response).catch_unwind().await;
    caught.unwrap_or_else(crate::panicked)
}

async fn end(state: ApiState, key: IdempotencyKey, response: Response) -> Response {
    if is_stream(&response) {
        return told_to_the_end(state, key, response);
    }
    let (parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await else {
        settle(&state, &key, Ending::Released).await;
        return ApiError::panicked().into_response();
    };
    let body = whole.to_bytes();
    let ending = if parts.extensions.get::<TryAgain>().is_some() {
        Ending::Released
    } else {
        ending_of(&state, parts.status, &body)
    };
    settle(&state, &key, ending).await;
    Response::from_parts(parts, Body::from(body))
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// What becomes of a claim.
pub(crate) enum Ending {
    /// It is kept what was answered.
    Finished(Outcome),
    /// It is as if nobody had asked.
    Released,
}

/// Marks an answer that is no success, whatever its status says.
#[derive(Clone)]
pub(crate) struct TryAgain;

/// Only successes are kept: whatever was refused, or failed, can be put right and tried again.
fn ending_of(state: &ApiState, status: StatusCode, body: &Bytes) -> Ending {
    if !status.is_success() {
        return Ending::Released;
    }
    let small = body.len() <= state.server.limits.kept_answer_bytes;
    Ending::Finished(Outcome {
        status: status.as_u16(),
        body: small.then(|| body.to_vec()),
    })
}

/// Ends a claim. When the database is away the caller is answered, and the claim ended later.
pub(crate) async fn settle(state: &ApiState, key: &IdempotencyKey, ending: Ending) {
    if is_settled(state, key, &ending).await {
        return;
    }
    let (state, key) = (state.clone(), key.clone());
    let tracker = state.commands.tracker.clone();
    let later = async move {
        for pause in SETTLE_PAUSES {
            tokio::time::sleep(pause).await;
            if is_settled(&state, &key, &ending).await {
                return;
            }
        }
        tracing::error!("an idempotency key stays in use until this process ends");
    };
    tracker.spawn(later.in_current_span());
}

async fn is_settled(state: &ApiState, key: &IdempotencyKey, ending: &Ending) -> bool {
    let settled = match ending {
        Ending::Finished(outcome) => state.idempotency.finish(key, outcome).await,
        Ending::Released => state.idempotency.release(key).await,
    };
    if let Err(error) = &settled {
        tracing::warn!(error = %error, "the outcome of an idempotency key could not be kept");
    }
    settled.is_ok()
}

/// A stream is read to its end whether or not the client stays.
fn told_to_the_end(state: ApiState, key: IdempotencyKey, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, axum::Error>>(64);
    let tracker = state.commands.tracker.clone();
    let status = parts.status.as_u16();
    let told = async move {
        let telling = async {
            let mut frames = body.into_data_stream();
            let mut listening = true;
            while let Some(frame) = frames.next().await {
                listening = listening && sender.send(frame).await.is_ok();
            }
        };
        let ending = match AssertUnwindSafe(telling).catch_unwind().await {
            Ok(()) => Ending::Finished(Outcome { status, body: None }),
            Err(cause) => {
                crate::log_panic(&*cause);
                Ending::Released
            }
        };
        settle(&state, &key, ending).await;
        // Only now: whoever has seen the end may use the key again.
        drop(sender);
    };
    tracker.spawn(told.in_current_span());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_like_any_other() {
        let answer = even_if_it_panics(async { panic!("no words") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_route_is_all_that_an_answer_depends_on_and_never_long() {
        let route = |target: &str| {
            let request = Request::post(target).body(()).unwrap();
            route_of(&request.into_parts().0)
        };
        assert_eq!(route("/v1/a?b=c"), "POST /v1/a?b=c openai");
        let long = |end: char| route(&format!("/v1/a?{}{end}", "b".repeat(10_000)));
        assert!(long('1').len() < ROUTE_BYTES_MAX);
        assert_ne!(long('1'), long('2'));
    }
}
