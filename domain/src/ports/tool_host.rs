use std::fmt;

use futures::future::BoxFuture;
use serde_json::{Map, Value};

use crate::caller::Owner;
use crate::id::StepId;
use crate::response::EffectClass;

/// The HTTP header that tells how many tool hosts a call has come through. Our own MCP endpoint
/// refuses calls that bring it, so that we are never a tool of ourselves.
pub const TOOL_DEPTH_HEADER: &str = "x-jan-tool-depth";

/// Whoever runs tools: the deployment's own, and MCP servers that requests or operators name.
///
/// Dropping a future must stop the work as far as the other side allows. Nothing here retries: the
/// runner decides by a tool's [`EffectClass`] what may be done twice.
pub trait ToolHost: Send + Sync {
    /// What a server offers to this owner, in a stable order. May answer from a cache that is kept
    /// per server and credentials.
    fn list(&self, listing: ToolListing)
    -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>>;

    /// Calls a tool once.
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>>;
}

/// A question for what a server offers.
#[derive(Debug, Clone)]
pub struct ToolListing {
    /// The server.
    pub server: ToolServer,
    /// On whose behalf.
    pub owner: Owner,
}

/// A call, ready for the wire.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// The server.
    pub server: ToolServer,
    /// The tool's name at that server.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Sent along as idempotency key: a call made again after a crash has the same.
    pub step: StepId,
    /// On whose behalf.
    pub owner: Owner,
    /// W3C trace context to send along.
    pub traceparent: Option<String>,
    /// The request that set off the call, as events name it.
    pub request_id: String,
    /// Whether anything of the call may be kept.
    pub keeps_content: bool,
}

/// A tool server, by the label that a request gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolServer {
    /// Its label, as shown to the model and in records.
    pub label: String,
    /// Where it is.
    pub place: ToolPlace,
}

/// Where a tool server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolPlace {
    /// The deployment's own tools, by the operator's word: trusted, and reachable where they are.
    Own,
    /// An MCP server that a caller named: its address is vetted before every connection.
    Remote {
        /// `https:` (or `http:`, where the operator allows it).
        url: String,
        /// Sent as a bearer token.
        authorization: Option<Credential>,
        /// Further headers of the caller's.
        headers: Vec<(String, Credential)>,
    },
}

/// Something that opens doors. It does not print and is never recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// Takes a credential in.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Shows it, to whoever puts it on the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One tool on offer.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOffer {
    /// Its name at its server.
    pub name: String,
    /// What it does, in its server's words.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its structured results, from tools that give them.
    pub output_schema: Option<Value>,
    /// MCP's hints, as the server gave them.
    pub annotations: Option<Value>,
    /// What may be done after a crash, from the hints: `readOnlyHint` is pure, `idempotentHint`
    /// idempotent, anything else unsafe.
    pub effect: EffectClass,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// MCP content blocks, in order.
    pub content: Vec<Value>,
    /// The same as one JSON value, from tools that have an output schema.
    pub structured: Option<Value>,
    /// Whether the tool itself says that it failed.
    pub is_error: bool,
}

impl ToolResult {
    /// A result of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![serde_json::json!({"type": "text", "text": text.into()})],
            structured: None,
            is_error: false,
        }
    }

    /// What the model is told: the texts, each on lines of its own; of other blocks only their kind;
    /// the structured value when there is no block at all.
    pub fn told(&self) -> String {
        let told = |block: &Value| match block["text"].as_str() {
            Some(text) => text.to_owned(),
            None => format!("[{}]", block["type"].as_str().unwrap_or("content")),
        };
        match (&self.structured, self.content.as_slice()) {
            (Some(structured), []) => structured.to_string(),
            (_, blocks) => blocks.iter().map(told).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Why a server gave no list, or a call no result. The texts are safe to show to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFailure {
    /// No connection was made; the call has not happened.
    #[error("the tool server cannot be reached")]
    Unreachable,
    /// The address is not one that may be called; nothing was sent.
    #[error("the tool server's address is not allowed")]
    Forbidden,
    /// The server has no such tool; the call has not happened.
    #[error("there is no tool '{0}'")]
    UnknownTool(String),
    /// The tool is not the one that the operator approved; nothing was sent.
    #[error("the tool '{0}' is not as it was approved, and is withheld")]
    Withheld(String),
    /// Nobody at the other side takes these credentials.
    #[error("the tool server refused the credentials")]
    Unauthorized,
    /// The server refused the call or its arguments.
    #[error("the tool server refused the call: {0}")]
    Refused(String),
    /// No answer in time; the call may have happened.
    #[error("the tool took too long")]
    TimedOut,
    /// The connection broke in the middle; the call may have happened.
    #[error("the tool server hung up in the middle of the call")]
    Cut,
    /// Not the protocol; the call may have happened.
    #[error("the tool server's answer could not be understood")]
    Garbled,
    /// More than we take; the call has happened.
    #[error("the tool's answer is too large")]
    TooLarge,
}

impl ToolFailure {
    /// The failure's stored and answered name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Forbidden => "forbidden",
            Self::UnknownTool(_) => "unknown_tool",
            Self::Withheld(_) => "withheld",
            Self::Unauthorized => "unauthorized",
            Self::Refused(_) => "refused",
            Self::TimedOut => "timed_out",
            Self::Cut => "cut",
            Self::Garbled => "garbled",
            Self::TooLarge => "too_large",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_model_is_told_the_texts_of_a_result() {
        let result = ToolResult {
            content: vec![
                json!({"type": "text", "text": "a"}),
                json!({"type": "image", "data": "…"}),
                json!({"type": "text", "text": "b"}),
            ],
            structured: Some(json!({"x": 1})),
            is_error: false,
        };
        assert_eq!(result.told(), "a\n[image]\nb");
        let structured = ToolResult {
            content: Vec::new(),
            ..result
        };
        assert_eq!(structured.told(), r#"{"x":1}"#);
    }

    #[test]
    fn a_credential_does_not_print() {
        let credential = Credential::new("sk-secret".to_owned());
        assert_eq!(format!("{credential:?}"), "***");
    }
}
