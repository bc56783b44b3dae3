//! Telling an answer from its record, whole or as a stream.

use bytes::Bytes;
use futures::{StreamExt, stream};
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::response::{Answer, Usage};
use serde_json::{Value, json};

use super::continuation::conversation_chunk;
use super::{ChatEvent, ChatReply, ChatWish};

/// The reply to a call that was answered before, at `made_at`; `None` if its words were not kept.
pub(super) fn reply(
    (id, conversation): (&ResponseId, Option<&ConversationId>),
    made_at: i64,
    (answer, usage): (Answer, Usage),
    wish: &ChatWish,
) -> Option<ChatReply> {
    let Ok(choices @ Value::Array(_)) = answer.body.read() else {
        return None;
    };
    let told = Told {
        id: id.as_str(),
        created: made_at,
        answer,
        choices,
        usage,
    };
    let mention = conversation.map(|id| json!({"id": id}));
    Some(if wish.delivery.is_stream() {
        told.stream(wish.delivery.tells_usage(), mention)
    } else {
        told.whole(mention)
    })
}

/// An answer as it can be told, whole or as a stream.
pub(super) struct Told<'a> {
    pub(super) id: &'a str,
    pub(super) created: i64,
    pub(super) answer: Answer,
    pub(super) choices: Value,
    pub(super) usage: Usage,
}

impl Told<'_> {
    fn whole(&self, conversation: Option<Value>) -> ChatReply {
        let mut whole = json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.answer.model,
            "choices": self.choices,
            "usage": usage(self.usage),
            "service_tier": self.answer.service_tier,
            "system_fingerprint": self.answer.system_fingerprint,
        });
        if let Some(conversation) = conversation {
            whole["conversation"] = conversation;
        }
        ChatReply::Whole(whole.to_string().into())
    }

    /// The answer in chunks, for a caller who asked for a stream.
    pub(super) fn stream(&self, include_usage: bool, conversation: Option<Value>) -> ChatReply {
        let mut chunks = self.chunks(include_usage);
        let model = &self.answer.model;
        let mention =
            conversation.map(|told| conversation_chunk(self.id, model, self.created, &told));
        chunks.extend(mention);
        ChatReply::Stream(stream::iter(chunks.into_iter().map(ChatEvent::Chunk)).boxed())
    }

    fn chunks(&self, include_usage: bool) -> Vec<Bytes> {
        let choices = self
            .choices
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut chunks: Vec<Bytes> = Vec::new();
        for (place, choice) in choices.iter().enumerate() {
            let mut delta = choice["message"].clone();
            if let Some(Value::Array(calls)) = delta.get_mut("tool_calls") {
                let objects = calls.iter_mut().filter_map(Value::as_object_mut);
                for (index, call) in objects.enumerate() {
                    call.insert("index".to_owned(), json!(index));
                }
            }
            let told = json!([{"index": place, "delta": delta, "logprobs": choice["logprobs"],
                "finish_reason": null}]);
            chunks.push(self.chunk(&told, None));
            let finish = choice["finish_reason"].as_str().unwrap_or("stop");
            let ended =
                json!([{"index": place, "delta": {}, "logprobs": null, "finish_reason": finish}]);
            chunks.push(self.chunk(&ended, None));
        }
        if include_usage {
            chunks.push(self.chunk(&json!([]), Some(usage(self.usage))));
        }
        chunks
    }

    fn chunk(&self, choices: &Value, usage: Option<Value>) -> Bytes {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.answer.model,
            "service_tier": self.answer.service_tier,
            "system_fingerprint": self.answer.system_fingerprint,
            "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        chunk.to_string().into()
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens(),
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}
