//! The shapes of responses for the API document. Requests are read field by field (see
//! `parameter.rs`); these say to people and generators what the fields are.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// A response to create. Unknown fields are accepted, named in `x-jan-warnings`, and go nowhere.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read field by field; this is the document's picture of it"
)]
pub(super) struct CreateResponse {
    /// A model of `GET /v1/models`.
    #[schema(example = "smollm2-135m")]
    model: String,
    /// A text, or items: messages, calls and their outputs, references, approvals.
    input: Option<Value>,
    /// What the model is told first; not carried over by `previous_response_id`.
    instructions: Option<String>,
    /// The response whose context is continued. Not together with `conversation`.
    previous_response_id: Option<String>,
    /// A conversation's id, or `{"id": …}`. Input and output are added to it.
    conversation: Option<Value>,
    /// `false`: only usage is kept. `true` when absent.
    store: Option<bool>,
    /// Run without the client: poll, stream, or cancel it under its id.
    background: Option<bool>,
    /// Send what happens as server-sent events.
    stream: Option<bool>,
    /// `function` and `custom` go back to the client; `mcp`, `web_search`, `file_search` and
    /// `code_interpreter` run here.
    tools: Option<Vec<Value>>,
    /// `none`, `auto`, `required`, one tool, or `allowed_tools`.
    tool_choice: Option<Value>,
    /// Let the model call several tools at once.
    parallel_tool_calls: Option<bool>,
    /// Upper bound of calls of tools that run here.
    max_tool_calls: Option<u32>,
    /// Upper bound of the answer, thinking included.
    max_output_tokens: Option<u64>,
    /// `format`: `text`, `json_object` or `json_schema`; `verbosity`.
    text: Option<Value>,
    /// `effort` and `summary`.
    reasoning: Option<Value>,
    /// From 0 to 2.
    temperature: Option<f64>,
    /// From 0 to 1.
    top_p: Option<f64>,
    /// From 0 to 20.
    top_logprobs: Option<u8>,
    /// `auto` or `disabled`.
    truncation: Option<String>,
    /// What to show that is left out otherwise.
    include: Option<Vec<String>>,
    /// Up to 16 pairs.
    metadata: Option<BTreeMap<String, String>>,
}

/// A response.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of it; see `portrait.rs`")]
pub(super) struct ResponseObject {
    /// Its id.
    id: String,
    /// `response`
    object: String,
    /// Unix seconds.
    created_at: i64,
    /// `queued`, `in_progress`, `completed`, `incomplete`, `failed` or `cancelled`.
    status: String,
    /// Whether it runs without its client.
    background: bool,
    /// Unix seconds, once it is completed.
    completed_at: Option<i64>,
    /// `code` and `message`, if it failed.
    error: Option<Value>,
    /// `reason`, if it is incomplete.
    incomplete_details: Option<Value>,
    /// The model that was asked for.
    model: String,
    /// Items: thoughts, messages, calls.
    output: Vec<Value>,
    /// The response it continues.
    previous_response_id: Option<String>,
    /// The conversation it continues, as `{"id": …}`.
    conversation: Option<Value>,
    /// Tokens, once it has ended.
    usage: Option<Value>,
    /// The client's own pairs.
    metadata: BTreeMap<String, String>,
}
