use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use bytes::BytesMut;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::json_check;
use crate::state::{ApiState, EdgeLimits};

/// Largest body under `/auth/`: it has room for a token.
const AUTH_BODY_BYTES_MAX: usize = 16 * 1024;
/// What may come around the bytes of one piece of media.
const AROUND_BYTES: usize = 64 * 1024;
/// Room made for a body before any of it has come.
const FIRST_BYTES: usize = 64 * 1024;

/// A JSON request body of a known shape. What does not fit is refused at its field.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// The text of a JSON request body, checked for what no reader of ours could keep.
pub(crate) struct JsonText(pub(crate) String);

impl<T: DeserializeOwned> FromRequest<ApiState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let lenient = takes_junk(&request);
        let JsonText(text) = JsonText::from_request(request, state).await?;
        read(&text, lenient).map(Self)
    }
}

impl FromRequest<ApiState> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        expect_json(request.headers())?;
        let limits = limits_of(request.uri().path(), state);
        let bytes = collect(request, &limits).await?;
        json_check::checked(&bytes)?;
        let text = String::from_utf8(bytes.into()).expect("the check has found it to be UTF-8");
        Ok(Self(text))
    }
}

/// Strangers may ask for tokens only, so they are not listened to for long. Whoever brings bytes to be
/// kept may bring what is kept, and what is around it.
pub(crate) fn limits_of(path: &str, state: &ApiState) -> EdgeLimits {
    let mut limits = state.server.limits;
    let terms = state.commands.media.terms();
    if path.starts_with("/auth/") {
        limits.body_bytes = limits.body_bytes.min(AUTH_BODY_BYTES_MAX);
    } else if path.starts_with("/v1/media/links/") {
        limits.body_bytes = terms.bytes_max;
    } else if path == "/v1/files" {
        limits.body_bytes = terms.bytes_max.saturating_add(AROUND_BYTES);
    } else if path == "/v1/media" {
        limits.body_bytes = terms.data_url_max().saturating_add(AROUND_BYTES);
    }
    limits
}

/// The whole body, if it is small enough and does not pause for too long.
pub(crate) async fn collect(request: Request, limits: &EdgeLimits) -> Result<Bytes, ApiError> {
    let limit = limits.body_bytes;
    let patience = Duration::from_millis(limits.body_read_timeout_ms);
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told: Option<usize> = told.and_then(|value| value.to_str().ok()?.parse().ok());
    if told.is_some_and(|length| length > limit) {
        return Err(ApiError::too_large(limit));
    }
    let mut arriving = Limited::new(request.into_body(), limit);
    // What is told need not come.
    let mut whole = BytesMut::with_capacity(told.unwrap_or_default().min(FIRST_BYTES));
    loop {
        match tokio::time::timeout(patience, arriving.frame()).await {
            Ok(Some(Ok(frame))) => whole.extend(frame.into_data()),
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => {
                return Err(ApiError::too_large(limit));
            }
            Ok(Some(Err(_))) => {
                return Err(ApiError::malformed(
                    "The request body did not arrive whole.",
                ));
            }
            Err(_) => return Err(ApiError::body_too_slow()),
        }
    }
}

/// Refuses a body that says it is something else.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding != "identity")
    {
        return Err(ApiError::unsupported_media_type());
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = kind
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(ApiError::unsupported_media_type())
    }
}

/// A client in the wild sends junk after its JSON, to Jan's paths and to conversations.
pub(crate) fn takes_junk(request: &Request) -> bool {
    let context = request.extensions().get::<RequestContext>();
    context.is_some_and(|context| context.flavour == Flavour::Jan)
        || request.uri().path().starts_with("/v1/conversations")
}

/// Reads a text as a shape; an empty one as `{}`.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str, lenient: bool) -> Result<T, ApiError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    // A list would do for any of our shapes as far as serde is concerned.
    if !text.trim_start().starts_with('{') {
        return Err(not_an_object(text));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(&mut reader).map_err(|_| explain::<T>(text))?;
    if !lenient {
        reader.end().map_err(|_| {
            ApiError::invalid_json("The request body must be one JSON value and nothing after it.")
        })?;
    }
    Ok(value)
}

fn not_an_object(text: &str) -> ApiError {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => ApiError::invalid_type("The request body must be a JSON object."),
        Err(problem) => {
            ApiError::invalid_json(format!("The request body is not valid JSON: {problem}."))
        }
    }
}

/// Reads again, slowly, to name the field.
fn explain<'a, T: Deserialize<'a>>(text: &'a str) -> ApiError {
    let mut reader = serde_json::Deserializer::from_str(text);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader) else {
        return ApiError::invalid_json("The request body could not be read.");
    };
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    let cause = error.into_inner();
    if !cause.is_data() {
        return ApiError::invalid_json(format!("The request body is not valid JSON: {cause}."));
    }
    let problem = cause.to_string();
    let problem = problem.split(" at line ").next().unwrap_or(&problem);
    if let Some(field) = quoted(problem, "missing field `") {
        let param = if path.is_empty() {
            field.to_owned()
        } else {
            format!("{path}.{field}")
        };
        return ApiError::missing(&param);
    }
    if let Some(field) = quoted(problem, "unknown field `") {
        let param = if path.is_empty() {
            field.to_owned()
        } else {
            path
        };
        return ApiError::invalid_value(format!("Unknown parameter: '{field}'.")).at(param);
    }
    let error = ApiError::invalid_type(format!("Invalid value for '{path}': {problem}."));
    if path.is_empty() {
        error
    } else {
        error.at(path)
    }
}

fn quoted<'a>(problem: &'a str, before: &str) -> Option<&'a str> {
    problem.strip_prefix(before)?.split('`').next()
}
