//! OpenAI's chat completion on the wire: key order, nulls and absences as the real service sends them.

use serde::Serialize;

use super::reply::{Finish, Reply};

/// 2026-01-01: a fixed time keeps answers comparable from run to run.
pub(super) const CREATED: u64 = 1_767_225_600;
const SERVICE_TIER: &str = "default";
const SYSTEM_FINGERPRINT: &str = "fp_scripted";

/// What all parts of one answer share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letterhead<'a> {
    /// Counts answers; the id is made of it.
    pub(super) number: u64,
    pub(super) model: &'a str,
}

impl Letterhead<'_> {
    /// Always of the same length, so that a prepared answer can be stamped.
    pub(super) fn id(self) -> String {
        format!("chatcmpl-{:020}", self.number)
    }

    pub(super) fn call_id(self, choice: usize, call: usize) -> String {
        format!("call_{}_{choice}_{call}", self.number)
    }
}

#[derive(Serialize)]
pub(super) struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    pub(super) choices: Vec<Choice>,
    usage: Usage,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
pub(super) struct Choice {
    pub(super) index: usize,
    pub(super) message: Message,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) finish_reason: &'static str,
}

#[derive(Serialize)]
pub(super) struct Message {
    role: &'static str,
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    refusal: Null,
    annotations: [Null; 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
}

#[derive(Serialize)]
struct ToolCall {
    id: String,
    r#type: &'static str,
    function: Function,
}

#[derive(Serialize)]
struct Function {
    name: String,
    arguments: String,
}

/// One frame of a stream.
#[derive(Serialize)]
pub(super) struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    choices: &'a [ChunkChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<ChunkUsage>,
}

/// `usage` of a chunk once the client asked for it: null in all chunks but the last.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
pub(super) enum ChunkUsage {
    NotYet,
    Counted(Usage),
}

#[derive(Serialize)]
pub(super) struct ChunkChoice<'a> {
    pub(super) index: usize,
    pub(super) delta: Delta<'a>,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) finish_reason: Option<&'static str>,
}

/// Keys that say nothing are absent, never null: clients break on null fragments.
#[derive(Default, Serialize)]
pub(super) struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Null>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<[CallFragment<'a>; 1]>,
}

#[derive(Serialize)]
pub(super) struct CallFragment<'a> {
    pub(super) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'static str>,
    pub(super) function: FunctionFragment<'a>,
}

#[derive(Serialize)]
pub(super) struct FunctionFragment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) arguments: &'a str,
}

/// Serialises as `null`.
#[derive(Serialize)]
pub(super) struct Null;

#[derive(Serialize)]
pub(super) struct Logprobs {
    content: Vec<TokenLogprob>,
    refusal: Null,
}

#[derive(Serialize)]
struct TokenLogprob {
    token: String,
    logprob: f64,
    bytes: Vec<u8>,
    top_logprobs: Vec<TopLogprob>,
}

#[derive(Serialize)]
struct TopLogprob {
    token: String,
    logprob: f64,
    bytes: Vec<u8>,
}

/// Words in and out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct PromptDetails {
    cached_tokens: usize,
    audio_tokens: usize,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "OpenAI names them so")]
struct CompletionDetails {
    reasoning_tokens: usize,
    audio_tokens: usize,
    accepted_prediction_tokens: usize,
    rejected_prediction_tokens: usize,
}

impl<'a> Completion<'a> {
    pub(super) fn new(letterhead: Letterhead<'a>, choices: Vec<Choice>, usage: Usage) -> Self {
        Self {
            id: letterhead.id(),
            object: "chat.completion",
            created: CREATED,
            model: letterhead.model,
            choices,
            usage,
            service_tier: SERVICE_TIER,
            system_fingerprint: SYSTEM_FINGERPRINT,
        }
    }
}

impl Choice {
    pub(super) fn new(
        letterhead: Letterhead<'_>,
        index: usize,
        reply: &Reply,
        alternatives: Option<usize>,
    ) -> Self {
        let calls = reply.calls.iter().enumerate().map(|(at, call)| ToolCall {
            id: letterhead.call_id(index, at),
            r#type: "function",
            function: Function {
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            },
        });
        let message = Message {
            role: "assistant",
            content: reply.content.as_ref().map(|words| words.concat()),
            reasoning_content: (!reply.reasoning.is_empty()).then(|| reply.reasoning.concat()),
            refusal: Null,
            annotations: [],
            tool_calls: calls.collect(),
        };
        let words = reply.content.as_deref().unwrap_or_default();
        let logprobs = alternatives.map(|count| Logprobs::of(words, count));
        Self {
            index,
            message,
            logprobs,
            finish_reason: reply.finish.as_str(),
        }
    }
}

impl<'a> Chunk<'a> {
    pub(super) fn new(
        letterhead: Letterhead<'a>,
        id: &'a str,
        choices: &'a [ChunkChoice<'a>],
        usage: Option<ChunkUsage>,
    ) -> Self {
        Self {
            id,
            object: "chat.completion.chunk",
            created: CREATED,
            model: letterhead.model,
            service_tier: SERVICE_TIER,
            system_fingerprint: SYSTEM_FINGERPRINT,
            choices,
            usage,
        }
    }
}

impl Logprobs {
    /// Plausible numbers: longer words are less likely, each alternative less likely still.
    pub(super) fn of(words: &[String], alternatives: usize) -> Self {
        Self {
            content: words
                .iter()
                .map(|word| TokenLogprob::of(word, alternatives))
                .collect(),
            refusal: Null,
        }
    }
}

impl TokenLogprob {
    fn of(word: &str, alternatives: usize) -> Self {
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        let logprob = -0.125 * f64::from(length);
        let top = (0_u32..).take(alternatives).map(|rank| {
            let token = if rank == 0 {
                word.to_owned()
            } else {
                format!("{word}{rank}")
            };
            let bytes = token.clone().into_bytes();
            TopLogprob {
                token,
                logprob: logprob - f64::from(rank),
                bytes,
            }
        });
        Self {
            token: word.to_owned(),
            logprob,
            bytes: word.as_bytes().to_vec(),
            top_logprobs: top.collect(),
        }
    }
}

impl Usage {
    /// Counts `n` times the same reply.
    pub(super) fn count(prompt_words: usize, reply: &Reply, n: usize) -> Self {
        let completion_tokens = reply.word_count() * n;
        Self {
            prompt_tokens: prompt_words,
            completion_tokens,
            total_tokens: prompt_words + completion_tokens,
            prompt_tokens_details: PromptDetails::default(),
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: reply.reasoning.len() * n,
                ..CompletionDetails::default()
            },
        }
    }
}

impl Finish {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
        }
    }
}
