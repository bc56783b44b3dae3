//! Requests the scripted model turns away, in OpenAI's error shape.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::answer::{AnswerPlan, JSON};

/// An error answer; all four keys of OpenAI's `error` object are always present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: ErrorBody,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ErrorBody {
    message: String,
    r#type: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a ErrorBody,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        message: impl Into<String>,
        r#type: &'static str,
        code: Option<&'static str>,
    ) -> Self {
        Self {
            status,
            error: ErrorBody {
                message: message.into(),
                r#type,
                param: None,
                code,
            },
        }
    }

    /// The request is at fault; `param` names the field.
    pub(super) fn invalid(message: impl Into<String>, param: &'static str) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(
            status,
            message,
            "invalid_request_error",
            Some("invalid_value"),
        )
        .about(param)
    }

    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        let message = format!("The body of your request could not be read: {error}");
        Self::new(
            StatusCode::BAD_REQUEST,
            message,
            "invalid_request_error",
            None,
        )
    }

    pub(super) fn unknown_model(model: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        let (status, code) = (StatusCode::NOT_FOUND, Some("model_not_found"));
        Self::new(status, message, "invalid_request_error", code).about("model")
    }

    pub(super) fn unknown_url(method: &http::Method, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        let (status, code) = (StatusCode::NOT_FOUND, Some("unknown_url"));
        Self::new(status, message, "invalid_request_error", code)
    }

    pub(super) fn invalid_key() -> Self {
        let (status, code) = (StatusCode::UNAUTHORIZED, Some("invalid_api_key"));
        Self::new(
            status,
            "Incorrect API key provided.",
            "invalid_request_error",
            code,
        )
    }

    pub(super) fn about(mut self, param: &'static str) -> Self {
        self.error.param = Some(param);
        self
    }

    /// `{"error":{…}}`, the same inside a stream and as a whole body.
    pub(super) fn json(&self) -> Bytes {
        to_json(&Envelope { error: &self.error })
    }

    pub(super) fn answer(&self) -> AnswerPlan {
        AnswerPlan::whole(self.status, JSON, self.json())
    }
}

/// Serialises one of our own wire structs.
pub(super) fn to_json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value)
        .expect("wire structs have string keys only")
        .into()
}
