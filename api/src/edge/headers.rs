use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use jan_domain::metadata;

use super::prefix;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::state::Server;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROCESSING_MS: HeaderName = HeaderName::from_static("openai-processing-ms");
const OPENAI_VERSION: HeaderName = HeaderName::from_static("openai-version");
const CONSISTENCY: HeaderName = HeaderName::from_static("x-consistency");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longest request id taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Reads what concerns the request as a whole, strips its gateway prefix, and opens its span. The
/// span's name has no ids in it, its fields have.
pub(super) fn context_of(
    request: &mut Request<Body>,
    server: &Server,
) -> (RequestContext, tracing::Span) {
    let mut flavour = Flavour::OpenAi;
    if let Some(stripped) = prefix::stripped(request.uri()) {
        *request.uri_mut() = stripped;
        flavour = Flavour::Jan;
    }
    let headers = request.headers();
    let id = told_id(headers).unwrap_or_else(|| format!("req_{}", server.ids.fresh()));
    let span = tracing::info_span!(
        "http.request",
        request.id = %id,
        http.request.method = %request.method(),
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
        traceparent = tracing::field::Empty,
    );
    let told = headers
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok());
    let traceparent = (server.trace)(&span, told);
    span.record("traceparent", &traceparent);
    let context = RequestContext {
        request: metadata::Request {
            id,
            traceparent: Some(traceparent),
        },
        flavour,
        ids: server.ids.clone(),
        repeatable: false,
        eventual: headers
            .get(CONSISTENCY)
            .is_some_and(|value| value == "eventual"),
    };
    (context, span)
}

fn told_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let well_formed = !id.is_empty()
        && id.len() <= REQUEST_ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    well_formed.then(|| id.to_owned())
}

/// Gives every answer its common headers.
pub(super) fn finish(response: &mut Response, request_id: &str, took: Duration) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    headers.insert(PROCESSING_MS, HeaderValue::from(milliseconds));
    headers.insert(OPENAI_VERSION, HeaderValue::from_static("2020-10-01"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Ends the connection with this answer.
pub(super) fn close(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// An error in Jan's shape, for callers behind its gateway prefixes; other answers stay.
pub(super) fn in_jan_words(response: Response, request_id: &str) -> Response {
    let Some(error) = response.extensions().get::<ApiError>() else {
        return response;
    };
    let body = error.jan_body(request_id);
    let mut told = (error.status(), Json(body)).into_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}
