use jan_domain::Json;
use jan_domain::response::{Answer, Usage};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::chunk::{CallFragment, Chunk, ChunkChoice, Delta, Text};

/// An answer as far as its stream has told it.
#[derive(Debug, Default)]
pub(super) struct Accumulated {
    provider_id: Option<String>,
    model: Option<String>,
    system_fingerprint: Option<String>,
    service_tier: Option<String>,
    choices: Vec<ChoiceSoFar>,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug, Default)]
struct ChoiceSoFar {
    content: Option<String>,
    refusal: Option<String>,
    reasoning: Option<String>,
    calls: Vec<CallSoFar>,
    logprobs: Option<Vec<Box<RawValue>>>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default)]
struct CallSoFar {
    id: String,
    name: String,
    /// Arguments of a function, or the input of a custom tool.
    input: String,
    custom: bool,
}

/// Choices and calls beyond this place are a broken provider's, not an answer's.
const PLACES_MAX: usize = 1024;

impl Accumulated {
    /// Takes in what one chunk tells.
    pub(super) fn add(&mut self, chunk: &Chunk<'_>) {
        keep_first(&mut self.provider_id, chunk.id.as_ref());
        keep_first(&mut self.model, chunk.model.as_ref());
        keep_first(
            &mut self.system_fingerprint,
            chunk.system_fingerprint.as_ref(),
        );
        keep_first(&mut self.service_tier, chunk.service_tier.as_ref());
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        for choice in chunk.choices.iter().flatten() {
            if let Some(place) = place(&mut self.choices, choice.index) {
                place.add(choice);
            }
        }
    }

    /// Whether all `expected` choices have said how they finished.
    pub(super) fn is_finished(&self, expected: usize) -> bool {
        let finished = self
            .choices
            .iter()
            .filter(|choice| choice.finish_reason.is_some());
        finished.count() >= expected.max(1)
    }

    /// Whether every choice that was begun has said how it finished: all there is from a provider
    /// that gives fewer choices than it was asked for.
    pub(super) fn is_settled(&self) -> bool {
        let mut choices = self.choices.iter();
        !self.choices.is_empty() && choices.all(|choice| choice.finish_reason.is_some())
    }

    /// Whether nothing has been told yet.
    pub(super) fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// The first choice's message, for the conversation.
    pub(super) fn first_message(&self) -> Value {
        self.choices
            .first()
            .map_or(Value::Null, ChoiceSoFar::message)
    }

    /// The answer as it is recorded.
    pub(super) fn answer(&self, asked_model: &str, keep_content: bool) -> Answer {
        let choices: Vec<Value> = self
            .choices
            .iter()
            .enumerate()
            .map(|(index, choice)| choice.told(index))
            .collect();
        Answer {
            provider_id: self.provider_id.clone(),
            model: self.model.clone().unwrap_or_else(|| asked_model.to_owned()),
            body: if keep_content {
                Json::of(&choices)
            } else {
                Json::of(&())
            },
            system_fingerprint: self.system_fingerprint.clone(),
            service_tier: self.service_tier.clone(),
        }
    }
}

impl ChoiceSoFar {
    fn add(&mut self, choice: &ChunkChoice<'_>) {
        if let Some(delta) = &choice.delta {
            self.add_delta(delta);
        }
        if let Some(more) = choice
            .logprobs
            .as_ref()
            .and_then(|told| told.content.as_ref())
        {
            let known = self.logprobs.get_or_insert_default();
            known.extend(more.iter().map(|raw| (*raw).to_owned()));
        }
        let reason = choice
            .finish_reason
            .as_ref()
            .filter(|reason| !reason.0.is_empty());
        keep_first(&mut self.finish_reason, reason);
    }

    fn add_delta(&mut self, delta: &Delta<'_>) {
        extend(&mut self.content, delta.content.as_ref());
        extend(&mut self.refusal, delta.refusal.as_ref());
        let reasoning = delta
            .reasoning_content
            .as_ref()
            .or(delta.reasoning.as_ref());
        extend(&mut self.reasoning, reasoning);
        for fragment in delta.tool_calls.iter().flatten() {
            if let Some(call) = place(&mut self.calls, fragment.index) {
                call.add(fragment);
            }
        }
    }

    fn message(&self) -> Value {
        let content = self
            .content
            .clone()
            .filter(|text| !text.is_empty() || self.calls.is_empty());
        let mut message = json!({"role": "assistant", "content": content, "refusal": self.refusal});
        if let Some(reasoning) = &self.reasoning {
            message["reasoning_content"] = json!(reasoning);
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.iter().map(CallSoFar::told).collect();
        }
        message
    }

    fn told(&self, index: usize) -> Value {
        let logprobs = self
            .logprobs
            .as_ref()
            .map(|content| json!({"content": content, "refusal": null}));
        json!({
            "index": index,
            "message": self.message(),
            "logprobs": logprobs,
            "finish_reason": self.finish_reason,
        })
    }
}

impl CallSoFar {
    fn add(&mut self, fragment: &CallFragment<'_>) {
        set(&mut self.id, fragment.id.as_ref());
        let function = fragment.function.as_ref();
        let custom = fragment.custom.as_ref();
        self.custom |= custom.is_some();
        set(&mut self.name, function.and_then(|told| told.name.as_ref()));
        set(&mut self.name, custom.and_then(|told| told.name.as_ref()));
        let arguments = function.and_then(|told| told.arguments.as_ref());
        if let Some(Text(more)) = arguments.or(custom.and_then(|told| told.input.as_ref())) {
            self.input.push_str(more);
        }
    }

    fn told(&self) -> Value {
        if self.custom {
            return json!({"id": self.id, "type": "custom",
                "custom": {"name": self.name, "input": self.input}});
        }
        json!({"id": self.id, "type": "function",
            "function": {"name": self.name, "arguments": self.input}})
    }
}

/// Takes what is told first; later fragments repeat it or leave it out.
fn set(known: &mut String, told: Option<&Text<'_>>) {
    if let Some(Text(text)) = told
        && known.is_empty()
    {
        known.push_str(text);
    }
}

fn keep_first(known: &mut Option<String>, told: Option<&Text<'_>>) {
    if let Some(Text(text)) = told
        && known.is_none()
    {
        *known = Some(text.clone().into_owned());
    }
}

fn extend(known: &mut Option<String>, told: Option<&Text<'_>>) {
    if let Some(Text(text)) = told {
        known.get_or_insert_default().push_str(text);
    }
}

/// The entry at `index`, made with all before it when the stream has jumped ahead.
fn place<T: Default>(entries: &mut Vec<T>, index: usize) -> Option<&mut T> {
    if index >= entries.len() && index < PLACES_MAX {
        entries.resize_with(index + 1, T::default);
    }
    entries.get_mut(index)
}
