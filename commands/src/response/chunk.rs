//! Reading a provider's JSON without copying it, and putting our id in its place.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use jan_domain::response::Usage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A text borrowed from the JSON where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A `chat.completion.chunk`.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) model: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) system_fingerprint: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) service_tier: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) choices: Option<Vec<ChunkChoice<'a>>>,
    #[serde(default)]
    pub(crate) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(crate) error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ChunkChoice<'a> {
    #[serde(default)]
    pub(crate) index: usize,
    #[serde(borrow, default)]
    pub(crate) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(crate) logprobs: Option<Logprobs<'a>>,
    #[serde(borrow, default)]
    pub(crate) finish_reason: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) reasoning_content: Option<Text<'a>>,
    /// The same under another name; some providers send both.
    #[serde(borrow, default)]
    pub(crate) reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) tool_calls: Option<Vec<CallFragment<'a>>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CallFragment<'a> {
    #[serde(default)]
    pub(crate) index: usize,
    #[serde(borrow, default)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) function: Option<FunctionFragment<'a>>,
    #[serde(borrow, default)]
    pub(crate) custom: Option<CustomFragment<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CustomFragment<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) input: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FunctionFragment<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) arguments: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Logprobs<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Option<Vec<&'a RawValue>>,
}

/// A whole `chat.completion`.
#[derive(Debug, Deserialize)]
pub(crate) struct Completion<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) model: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) system_fingerprint: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) service_tier: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) choices: &'a RawValue,
    #[serde(default)]
    pub(crate) usage: Option<WireUsage>,
}

/// Usage in chat's words.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let cached = wire
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens);
        let reasoning = wire
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens);
        Self {
            input_tokens: wire.prompt_tokens,
            cached_tokens: cached.unwrap_or_default(),
            output_tokens: wire.completion_tokens,
            reasoning_tokens: reasoning.unwrap_or_default(),
        }
    }
}

/// A provider's bytes as text; what is no UTF-8 is replaced.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// The same JSON object with our id for the provider's; every other byte stays as it came.
pub(crate) fn with_id(json: &str, theirs: Option<&Text<'_>>, ours: &str) -> Bytes {
    let Some(Text(Cow::Borrowed(theirs))) = theirs else {
        return rewritten(json, ours);
    };
    // A line end would end the event that carries it.
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        return rewritten(json, ours);
    }
    // A text borrowed from `json` lies within it, so the distance is its offset.
    let start = theirs.as_ptr() as usize - json.as_ptr() as usize;
    let mut spliced = BytesMut::with_capacity(json.len() + ours.len());
    spliced.put_slice(&json.as_bytes()[..start]);
    spliced.put_slice(ours.as_bytes());
    spliced.put_slice(&json.as_bytes()[start + theirs.len()..]);
    spliced.freeze()
}

/// For providers that send no id, or one with escapes, or several lines, or no `choices`, which
/// clients cannot do without.
pub(crate) fn rewritten(json: &str, ours: &str) -> Bytes {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::Object(mut fields)) => {
            fields.insert("id".to_owned(), Value::from(ours));
            if !fields.get("choices").is_some_and(Value::is_array) {
                fields.insert("choices".to_owned(), Value::Array(Vec::new()));
            }
            Value::Object(fields).to_string().into()
        }
        _ => Bytes::copy_from_slice(json.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_is_exchanged() {
        let json =
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}],  "id" : "x-1","model":"m"}"#;
        let chunk: Chunk<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(
            with_id(json, chunk.id.as_ref(), "chatcmpl-1"),
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}],  "id" : "chatcmpl-1","model":"m"}"#,
        );
    }

    #[test]
    fn a_missing_or_escaped_id_is_put_in_all_the_same() {
        for json in [
            r#"{"choices":[]}"#,
            r#"{"id":"a\u0041","choices":[]}"#,
            r#"{"id":null,"choices":[]}"#,
        ] {
            let chunk: Chunk<'_> = serde_json::from_str(json).unwrap();
            let told: Value =
                serde_json::from_slice(&with_id(json, chunk.id.as_ref(), "c")).unwrap();
            assert_eq!(told["id"], "c", "{json}");
        }
    }
}
