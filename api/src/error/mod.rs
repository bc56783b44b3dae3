//! Errors as callers see them: the only room with status codes.

mod accepted;
mod account;
mod chat;
mod command;
mod conversation;
mod document;
mod graphql;
mod media;
mod projection;
mod provider;
mod read;
mod response;
mod run;
mod tool;
mod tool_server;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

pub(crate) use accepted::Accepted;
pub use graphql::{coded, status_of_graphql, status_of_kept_mutation};
pub use provider::{chunk_of_failure, status_of_failure};

/// An error in OpenAI's shape: a status, a stable code, a sentence, and the field it is about.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    param: Option<String>,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let kind = match status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        Self {
            status,
            kind,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
        }
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Names the field of an error that has none yet.
    #[must_use]
    pub fn or_at(self, param: &str) -> Self {
        if self.param.is_some() {
            self
        } else {
            self.at(param)
        }
    }

    /// 400: a field has the wrong type.
    pub fn invalid_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_type", message)
    }

    /// 400: a field has a value we cannot take.
    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", message)
    }

    /// 400: a field is missing.
    pub fn missing(param: &str) -> Self {
        let message = format!("Missing required parameter: '{param}'.");
        Self::new(
            StatusCode::BAD_REQUEST,
            "missing_required_parameter",
            message,
        )
        .at(param)
    }

    /// 400: a known parameter that this server does not serve.
    pub fn unsupported(param: &str, why: &str) -> Self {
        let message = format!("The parameter '{param}' is not supported: {why}.");
        Self::new(StatusCode::BAD_REQUEST, "unsupported_parameter", message).at(param)
    }

    /// 400: the body is not JSON, or not storable JSON.
    pub fn invalid_json(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_json", message)
    }

    /// 400: the request itself is not well formed HTTP.
    pub fn malformed(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", message)
    }

    /// 401: no credentials, or not valid ones. Callers learn no more.
    pub fn unauthorized() -> Self {
        let message =
            "Missing or invalid credentials. Send a bearer token; POST /auth/guest gives one.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    /// 401: the refresh token is not one that can be exchanged.
    pub fn invalid_refresh_token() -> Self {
        let message = "The refresh token is not valid.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", message)
    }

    /// 403: the deployment does not allow it.
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 403: only administrators may.
    pub fn administrators_only() -> Self {
        Self::forbidden(
            "Only administrators may do this. `jan-server keys admin` makes a token for one.",
        )
    }

    /// 404: no such object, or somebody else's.
    pub fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("No {noun} found with id '{id}'."),
        )
    }

    /// 400: the response that is to be continued is not there.
    pub fn previous_response_not_found(id: &str) -> Self {
        let shown: String = id.chars().take(100).collect();
        let message = format!("Previous response with id '{shown}' not found.");
        Self::new(
            StatusCode::BAD_REQUEST,
            "previous_response_not_found",
            message,
        )
        .at("previous_response_id")
    }

    /// 404: nobody offers the model.
    pub fn model_not_found(model: &str) -> Self {
        let shown: String = model.chars().take(100).collect();
        let message =
            format!("The model '{shown}' does not exist or you do not have access to it.");
        Self::new(StatusCode::NOT_FOUND, "model_not_found", message).at("model")
    }

    /// 404: no such route.
    pub fn unknown_url(method: &http::Method, path: &str) -> Self {
        let shown: String = path.chars().take(200).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_url",
            format!("Invalid URL ({method} {shown})"),
        )
    }

    /// 405: the route has no such method.
    pub fn method_not_allowed(method: &http::Method) -> Self {
        let message = format!("The method {method} is not allowed here.");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    /// 409: the same idempotency key is in use. SDKs retry a 409 by themselves, rightly here.
    pub fn key_in_flight() -> Self {
        let message = "A request with this Idempotency-Key is still being carried out.";
        let mut error = Self::new(StatusCode::CONFLICT, "idempotency_key_in_use", message);
        error.retry_after = Some(1);
        error
    }

    /// 400: the idempotency key was used with another body.
    pub fn key_reused() -> Self {
        let message = "This Idempotency-Key was used before with another request body.";
        Self::new(StatusCode::BAD_REQUEST, "idempotency_key_reused", message).at("Idempotency-Key")
    }

    /// 400: the idempotency key belongs to an answer that was not to be kept.
    pub fn answer_not_kept() -> Self {
        let message = "The call of this Idempotency-Key was answered before, and not kept because \
                       it asked for 'store: false'.";
        Self::new(StatusCode::BAD_REQUEST, "answer_not_kept", message).at("Idempotency-Key")
    }

    /// 400: making a response again would change something again.
    pub fn unsafe_tools(names: &[&str]) -> Self {
        let message = format!(
            "Making it again could change something again, by these tools: {}. Say \
             'allow_unsafe_tools' if it may.",
            names.join(", ")
        );
        Self::new(StatusCode::BAD_REQUEST, "unsafe_tools", message).at("allow_unsafe_tools")
    }

    /// 429: this process answers as many calls as it can.
    pub fn too_busy() -> Self {
        let message = "The server is answering as many model calls as it can. Try again shortly.";
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_exceeded",
            message,
        );
        error.retry_after = Some(1);
        error
    }

    /// 508: the request has come through a tool host, and ends here.
    pub fn tool_loop() -> Self {
        let message = "A tool host may not use this server's tools as its own.";
        Self::new(StatusCode::LOOP_DETECTED, "tool_loop", message)
    }

    /// 403: the request is meant for another host; whoever sends it may be a page of the web.
    pub fn misdirected() -> Self {
        let message = "This server is not called under that Host.";
        Self::new(StatusCode::FORBIDDEN, "host_not_allowed", message)
    }

    /// 400: a connection answers one response at a time.
    pub fn response_in_flight() -> Self {
        let message = "Another response is under way on this connection.";
        Self::new(StatusCode::BAD_REQUEST, "response_in_flight", message)
    }

    /// 400: a connection has lived as long as it may.
    pub fn connection_limit_reached() -> Self {
        let message = "The connection has reached its limit of 60 minutes. Open another one.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "websocket_connection_limit_reached",
            message,
        )
    }

    /// 408: the body did not arrive in time. SDKs ask again by themselves.
    pub fn body_too_slow() -> Self {
        let message = "The request body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    }

    /// 413: the body is too large.
    pub fn too_large(limit_bytes: usize) -> Self {
        let message = format!("The request body may have at most {limit_bytes} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    /// 415: the body is not said to be JSON.
    pub fn unsupported_media_type() -> Self {
        let message =
            "Send the body as 'Content-Type: application/json', without Content-Encoding.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 500: our mistake. The cause goes to the log, once, here.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(cause), "a request failed");
        let message = "The server had an error while processing your request.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// 500 after a panic, which the panic catcher has logged.
    pub fn panicked() -> Self {
        let message = "The server had an error while processing your request.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// 503: something we need is away; asking again later helps.
    pub fn unavailable(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(cause), "a part of the server is unavailable");
        let message = "The server is temporarily unable to handle the request.";
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        error.retry_after = Some(1);
        error
    }

    /// 503: parts of the server are not ready; they are named, because a probe asks for them.
    pub fn not_ready(parts: &[String]) -> Self {
        let message = format!("Not ready: {}.", parts.join("; "));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
    }

    /// The error in OpenAI's shape.
    pub fn body(&self) -> Value {
        json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }})
    }

    /// The error in Jan's shape, for its gateway prefixes.
    pub fn jan_body(&self, request_id: &str) -> Value {
        json!({"code": self.code, "error": self.message, "request_id": request_id})
    }

    /// Whether it is about the caller's credentials, and not about a server that cannot check them.
    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// What the caller is told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field it is about.
    pub fn param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

/// An error and its causes in one line, for the log.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The same answer as 400: an error in the words of another protocol.
pub fn as_bad_request(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// The same answer as 206.
pub fn partial(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    response
}

/// 304: the client has it already.
pub fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// The same answer as 201.
pub fn created(mut response: Response) -> Response {
    if response.status().is_success() {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}
