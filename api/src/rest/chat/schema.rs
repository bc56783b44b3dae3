//! The shapes of chat completions for the API document. Requests are read field by field (see
//! `parameter.rs`); these say to people and generators what the fields are.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// A chat completion to create. Unknown fields are accepted and go nowhere.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read field by field; this is the document's picture of it"
)]
pub(super) struct CreateChatCompletion {
    /// A model of `GET /v1/models`.
    #[schema(example = "smollm2-135m")]
    model: String,
    /// At least one message.
    messages: Vec<ChatMessage>,
    /// Send the answer as server-sent events.
    stream: Option<bool>,
    /// `include_usage`: a last chunk tells the usage.
    stream_options: Option<BTreeMap<String, bool>>,
    /// A conversation's id, `{"id": …}`, or `{}` to begin one. Its history is shown to the model.
    conversation: Option<Value>,
    /// `true`: can be read back under its id. `false`: only usage is kept.
    store: Option<bool>,
    /// Also keep what the model thought in the conversation.
    store_reasoning: Option<bool>,
    /// Up to 16 pairs.
    metadata: Option<BTreeMap<String, String>>,
    /// From -2 to 2.
    frequency_penalty: Option<f64>,
    /// From -2 to 2.
    presence_penalty: Option<f64>,
    /// Token ids to biases from -100 to 100.
    logit_bias: Option<BTreeMap<String, f64>>,
    /// Tell the tokens' log-probabilities.
    logprobs: Option<bool>,
    /// From 0 to 20.
    top_logprobs: Option<u8>,
    /// Upper bound of the answer, thinking included.
    max_completion_tokens: Option<u64>,
    /// The older name of `max_completion_tokens`.
    max_tokens: Option<u64>,
    /// From 1 to 128 answers.
    n: Option<u8>,
    /// From 0 to 2.
    temperature: Option<f64>,
    /// From 0 to 1.
    top_p: Option<f64>,
    /// One text or up to four.
    stop: Option<Value>,
    /// Up to 128 functions or custom tools.
    tools: Option<Vec<Value>>,
    /// `none`, `auto`, `required`, or one tool.
    tool_choice: Option<Value>,
    /// Let the model call several tools at once.
    parallel_tool_calls: Option<bool>,
    /// `text`, `json_object`, or `json_schema` with a schema.
    response_format: Option<Value>,
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
    reasoning_effort: Option<String>,
    /// Asks for the same answer again, as far as the provider can.
    seed: Option<i64>,
}

/// One message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of a message")]
pub(super) struct ChatMessage {
    /// `developer`, `system`, `user`, `assistant` or `tool`.
    #[schema(example = "user")]
    role: String,
    /// A text, or parts of type `text`, `image_url`, `input_audio` or `file`.
    #[schema(example = "Say hello.")]
    content: Value,
    /// Of an assistant: the calls it made.
    tool_calls: Option<Vec<Value>>,
    /// Of a tool: the call it answers.
    tool_call_id: Option<String>,
}

/// A whole answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of an answer")]
pub(super) struct ChatCompletion {
    /// `chatcmpl-…`
    id: String,
    /// `chat.completion`
    object: String,
    /// Unix seconds.
    created: i64,
    /// The model that answered.
    model: String,
    /// As many as `n`.
    choices: Vec<ChatChoice>,
    /// Tokens in and out.
    usage: Option<Value>,
    /// The conversation it continued.
    conversation: Option<Value>,
}

/// One of the answers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of a choice")]
pub(super) struct ChatChoice {
    /// Its place.
    index: u32,
    /// What was said.
    message: ChatMessage,
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    finish_reason: String,
    /// Log-probabilities, when asked for.
    logprobs: Option<Value>,
}
