//! What a failure means. The question behind each line is whether the call may have happened:
//! a runner does a tool's work twice, or stops, by the answer.

use std::error::Error;

use jan_domain::ports::ToolFailure;
use rmcp::ErrorData;
use rmcp::ServiceError;
use rmcp::model::ErrorCode;
use rmcp::service::ClientInitializeError;
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::{SseError, StreamableHttpError};

use super::endpoint::Endpoint;
use crate::safe_http::AddressRefusal;

/// A failure on its way through rmcp, without the texts and addresses that rmcp would log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WireFailure(pub(super) ToolFailure);

type HttpError = StreamableHttpError<reqwest::Error>;
type WireError = StreamableHttpError<WireFailure>;

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum Setback {
    /// The server says so itself, in the protocol's words.
    Answered(ErrorData),
    /// It did not come to that.
    Failed(ToolFailure),
}

/// What HTTP went wrong, as rmcp carries it on. What rmcp acts on stays as it is.
pub(super) fn of_http(error: HttpError) -> WireError {
    let failure = match error {
        HttpError::SessionExpired => return WireError::SessionExpired,
        HttpError::ServerDoesNotSupportSse => return WireError::ServerDoesNotSupportSse,
        HttpError::Client(error) => of_transport(&error),
        HttpError::HttpStatus(status) => of_status(status.status),
        HttpError::AuthRequired(_) | HttpError::InsufficientScope(_) => ToolFailure::Unauthorized,
        HttpError::ResponseBodyTooLarge { .. } => ToolFailure::TooLarge,
        HttpError::UnexpectedServerResponse(text) => {
            status_in(&text).map_or(ToolFailure::Garbled, of_status)
        }
        HttpError::UnexpectedContentType(_) | HttpError::Deserialize(_) => ToolFailure::Garbled,
        HttpError::Sse(error) => of_stream(&error),
        _ => ToolFailure::Cut,
    };
    WireError::Client(WireFailure(failure))
}

fn of_transport(error: &reqwest::Error) -> ToolFailure {
    if let Some(refusal) = AddressRefusal::behind(error) {
        tracing::warn!(%refusal, "the address of a tool server is not called: {refusal}");
        return match refusal {
            AddressRefusal::Unresolved => ToolFailure::Unreachable,
            _ => ToolFailure::Forbidden,
        };
    }
    if error.is_connect() || error.is_builder() {
        ToolFailure::Unreachable
    } else if error.is_timeout() {
        ToolFailure::TimedOut
    } else if causes(error).any(is_unreadable) {
        ToolFailure::Garbled
    } else {
        ToolFailure::Cut
    }
}

/// What broke a stream of events.
pub(super) fn of_stream(error: &SseError) -> ToolFailure {
    let SseError::Body(cause) = error else {
        return ToolFailure::Garbled;
    };
    // rmcp keeps this error's type to itself.
    if cause.to_string().contains("exceeded the maximum size") {
        return ToolFailure::TooLarge;
    }
    let timed_out = causes(cause.as_ref())
        .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
        .any(reqwest::Error::is_timeout);
    if timed_out {
        ToolFailure::TimedOut
    } else {
        ToolFailure::Cut
    }
}

/// A status without an answer in the protocol. A gateway's 5xx says nothing about the server behind.
fn of_status(status: u16) -> ToolFailure {
    match status {
        401 | 403 | 407 => ToolFailure::Unauthorized,
        408 | 504 => ToolFailure::TimedOut,
        300..400 => ToolFailure::Refused(format!(
            "it sends elsewhere, which is not followed (status {status})"
        )),
        404 | 405 | 410 => ToolFailure::Refused(format!(
            "there is no MCP endpoint at its address (status {status})"
        )),
        400..500 => ToolFailure::Refused(format!("status {status}")),
        _ => ToolFailure::Garbled,
    }
}

/// rmcp tells the status of an answer it cannot use in words: `HTTP 404 Not Found: …`.
fn status_in(text: &str) -> Option<u16> {
    text.strip_prefix("HTTP ")?.get(..3)?.parse().ok()
}

/// Why no session could be opened.
pub(super) fn of_opening(endpoint: &Endpoint, error: ClientInitializeError) -> ToolFailure {
    match error {
        ClientInitializeError::TransportError { error, .. } => of_dynamic(&error),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => {
            of_opening(endpoint, *fallback)
        }
        ClientInitializeError::JsonRpcError(error) => of_answer(endpoint, &error),
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => {
            ToolFailure::Refused("it speaks no version of the protocol that we know".to_owned())
        }
        _ => ToolFailure::Garbled,
    }
}

/// Why a request has no result.
pub(super) fn of_request(error: ServiceError) -> Setback {
    match error {
        ServiceError::McpError(error) => Setback::Answered(error),
        ServiceError::TransportSend(error) => Setback::Failed(of_dynamic(&error)),
        ServiceError::UnexpectedResponse => Setback::Failed(ToolFailure::Garbled),
        _ => Setback::Failed(ToolFailure::Cut),
    }
}

/// Whether the server has forgotten the session; then it has not looked at the request.
pub(super) fn is_session_expired(error: &ServiceError) -> bool {
    let ServiceError::TransportSend(error) = error else {
        return false;
    };
    matches!(wire_error(error), Some(WireError::SessionExpired))
}

fn of_dynamic(error: &DynamicTransportError) -> ToolFailure {
    match wire_error(error) {
        Some(WireError::Client(WireFailure(failure))) => failure.clone(),
        _ => ToolFailure::Cut,
    }
}

fn wire_error(error: &DynamicTransportError) -> Option<&WireError> {
    causes(error.error.as_ref()).find_map(|cause| cause.downcast_ref())
}

/// What the server itself says is wrong with a request.
pub(super) fn of_answer(endpoint: &Endpoint, error: &ErrorData) -> ToolFailure {
    ToolFailure::Refused(endpoint.masked(&error.message))
}

/// The same about a call, where it may be that there is no such tool. Servers have a code for that
/// only in their words.
pub(super) fn of_call_answer(endpoint: &Endpoint, tool: &str, error: &ErrorData) -> ToolFailure {
    let words = error.message.to_ascii_lowercase();
    let missing = ["unknown tool", "not found", "no such tool", "no tool"];
    let unknown = error.code == ErrorCode::METHOD_NOT_FOUND
        || error.code == ErrorCode::INVALID_PARAMS
            && words.contains("tool")
            && missing.iter().any(|missing| words.contains(missing));
    if unknown {
        ToolFailure::UnknownTool(tool.to_owned())
    } else {
        of_answer(endpoint, error)
    }
}

/// A failure before the call itself was sent: whatever it was, the call has not happened.
pub(super) fn before_sending(failure: ToolFailure) -> ToolFailure {
    match failure {
        ToolFailure::TimedOut | ToolFailure::Cut | ToolFailure::Garbled | ToolFailure::TooLarge => {
            ToolFailure::Unreachable
        }
        certain => certain,
    }
}

/// An error and what is behind it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What arrived is not HTTP.
fn is_unreadable(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse)
}

#[cfg(test)]
mod tests {
    use super::{HttpError, ToolFailure as F, WireError, WireFailure, before_sending, of_http};

    #[test]
    fn a_status_without_an_answer_is_honest_about_what_may_have_happened() {
        let failure = |status: u16| {
            let text = format!("HTTP {status} Whatever: words that are not passed on");
            match of_http(HttpError::UnexpectedServerResponse(text.into())) {
                WireError::Client(WireFailure(failure)) => failure,
                other => panic!("{other:?}"),
            }
        };
        for (status, expected) in [
            (401, F::Unauthorized),
            (403, F::Unauthorized),
            (408, F::TimedOut),
            (504, F::TimedOut),
            (500, F::Garbled),
            (502, F::Garbled),
            (503, F::Garbled),
        ] {
            assert_eq!(failure(status), expected, "{status}");
        }
        for status in [302, 307, 400, 404, 405, 413, 429] {
            let F::Refused(words) = failure(status) else {
                panic!("{status}")
            };
            assert!(
                words.contains(&status.to_string()) && !words.contains("passed on"),
                "{words}"
            );
        }
    }

    #[test]
    fn what_was_never_sent_has_not_happened() {
        for (failure, expected) in [
            (F::TimedOut, F::Unreachable),
            (F::Cut, F::Unreachable),
            (F::Garbled, F::Unreachable),
            (F::Unauthorized, F::Unauthorized),
            (F::Forbidden, F::Forbidden),
        ] {
            assert_eq!(before_sending(failure), expected);
        }
    }
}
