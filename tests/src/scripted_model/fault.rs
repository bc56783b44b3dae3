//! What can be ordered to go wrong.

use http::StatusCode;

use super::refusal::Refusal;

/// The key that the `401` fault repeats in its message, as careless upstreams do.
/// It must never show up in an answer, a log or a stored event of ours.
pub const FAKE_KEY: &str = "sk-fake-4f9Qx7Lm2Zt8Rb5Vn1Kc3Hd6";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Refuse429,
    BadRequest,
    Unauthorized,
    ServerError,
    Overloaded,
    Garbage,
    Html,
    Cut,
    Stall,
    ErrorChunk,
    NoDone,
    NullFields,
    Flood,
    SlowHeaders,
    HangUp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FaultDirective {
    pub(super) fault: Fault,
    /// With a key, only the first request that names it goes wrong.
    pub(super) once: Option<String>,
    /// Content frames sent before `cut`, `stall`, `error_chunk` and `garbage`.
    pub(super) after_frames: usize,
    /// What `refuse_429` tells the client to wait.
    pub(super) retry_after_s: u64,
    /// How long `slow_headers` holds the head back.
    pub(super) headers_ms: u64,
}

impl Fault {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "refuse_429" | "429" => Self::Refuse429,
            "400" => Self::BadRequest,
            "401" => Self::Unauthorized,
            "500" => Self::ServerError,
            "503" => Self::Overloaded,
            "garbage" => Self::Garbage,
            "html" => Self::Html,
            "cut" => Self::Cut,
            "stall" => Self::Stall,
            "error_chunk" => Self::ErrorChunk,
            "no_done" => Self::NoDone,
            "null_fields" => Self::NullFields,
            "flood" => Self::Flood,
            "slow_headers" => Self::SlowHeaders,
            "hang_up" => Self::HangUp,
            _ => return None,
        })
    }

    /// The refusal that stands for it, if it is one.
    pub(super) fn refusal(self) -> Option<Refusal> {
        let invalid = "invalid_request_error";
        let (status, message, r#type, code) = match self {
            Self::Refuse429 => (
                429,
                "Rate limit reached.".to_owned(),
                "requests",
                Some("rate_limit_exceeded"),
            ),
            Self::BadRequest => {
                let message = "This model's maximum context length is 8 tokens.".to_owned();
                (400, message, invalid, Some("context_length_exceeded"))
            }
            Self::Unauthorized => {
                let message = format!("Incorrect API key provided: {FAKE_KEY}.");
                (401, message, invalid, Some("invalid_api_key"))
            }
            Self::ServerError | Self::ErrorChunk => {
                let message = "The server had an error while processing your request.".to_owned();
                (500, message, "server_error", None)
            }
            Self::Overloaded => {
                let message = "The server is overloaded.".to_owned();
                (503, message, "server_error", Some("server_is_overloaded"))
            }
            _ => return None,
        };
        let status = StatusCode::from_u16(status).expect("the statuses above are valid");
        let refusal = Refusal::new(status, message, r#type, code);
        Some(if self == Self::BadRequest {
            refusal.about("messages")
        } else {
            refusal
        })
    }
}
