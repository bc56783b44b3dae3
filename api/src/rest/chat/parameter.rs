//! Every parameter of a chat completion in one table: what it may be, and where it goes.
//! Source: OpenAI's published description (reference §1.2).

use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::rest::value_check::{expect, function_name, integer, list, number, one_of, text};

/// One parameter.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) check: Check,
    pub(super) fate: Fate,
}

/// Where a parameter goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// To the provider, as it came.
    Forwarded,
    /// Ours to act on.
    Ours,
    /// Known, of no meaning here, and harmless to leave out.
    Noted,
}

/// What a parameter may be. `null` always means "not given".
#[derive(Clone, Copy)]
pub(super) enum Check {
    Boolean,
    Number(f64, f64),
    Integer(i64, i64),
    Text(usize),
    OneOf(&'static [&'static str]),
    Object,
    /// A list of at least one and at most so many.
    List(usize),
    /// A text or up to four of them.
    Stop,
    /// A text, or an object.
    TextOrObject,
    /// Token ids to biases of -100 to 100.
    LogitBias,
    ResponseFormat,
    Tools,
    Modalities,
}

const fn forwarded(name: &'static str, check: Check) -> Parameter {
    Parameter {
        name,
        check,
        fate: Fate::Forwarded,
    }
}

const fn ours(name: &'static str, check: Check) -> Parameter {
    Parameter {
        name,
        check,
        fate: Fate::Ours,
    }
}

const fn noted(name: &'static str, check: Check) -> Parameter {
    Parameter {
        name,
        check,
        fate: Fate::Noted,
    }
}

const TOKENS_MAX: i64 = 10_000_000;
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

pub(super) const PARAMETERS: &[Parameter] = &[
    forwarded("audio", Check::Object),
    forwarded("frequency_penalty", Check::Number(-2.0, 2.0)),
    forwarded("function_call", Check::TextOrObject),
    forwarded("functions", Check::List(128)),
    forwarded("logit_bias", Check::LogitBias),
    forwarded("logprobs", Check::Boolean),
    forwarded("max_completion_tokens", Check::Integer(1, TOKENS_MAX)),
    forwarded("max_tokens", Check::Integer(1, TOKENS_MAX)),
    forwarded("modalities", Check::Modalities),
    forwarded("n", Check::Integer(1, 128)),
    forwarded("parallel_tool_calls", Check::Boolean),
    forwarded("prediction", Check::Object),
    forwarded("presence_penalty", Check::Number(-2.0, 2.0)),
    forwarded("reasoning_effort", Check::OneOf(EFFORTS)),
    forwarded("response_format", Check::ResponseFormat),
    forwarded("seed", Check::Integer(i64::MIN, i64::MAX)),
    forwarded("stop", Check::Stop),
    forwarded("temperature", Check::Number(0.0, 2.0)),
    forwarded("tool_choice", Check::TextOrObject),
    forwarded("tools", Check::Tools),
    forwarded("top_logprobs", Check::Integer(0, 20)),
    forwarded("top_p", Check::Number(0.0, 1.0)),
    forwarded("verbosity", Check::OneOf(&["low", "medium", "high"])),
    forwarded("web_search_options", Check::Object),
    noted("moderation", Check::Object),
    noted("prompt_cache_key", Check::Text(1024)),
    noted("prompt_cache_options", Check::Object),
    noted(
        "prompt_cache_retention",
        Check::OneOf(&["in_memory", "in-memory", "24h"]),
    ),
    noted("safety_identifier", Check::Text(64)),
    noted(
        "service_tier",
        Check::OneOf(&["auto", "default", "flex", "scale", "priority", "fast"]),
    ),
    noted("user", Check::Text(512)),
    ours("conversation", Check::TextOrObject),
    ours("metadata", Check::Object),
    ours("store", Check::Boolean),
    ours("store_reasoning", Check::Boolean),
    ours("stream", Check::Boolean),
    ours("stream_options", Check::Object),
];

/// Longest text of a stop sequence.
const STOP_BYTES_MAX: usize = 1024;

impl Parameter {
    /// Checks a value that is not null.
    pub(super) fn check(&self, raw: &RawValue) -> Result<(), ApiError> {
        let value: Value = serde_json::from_str(raw.get())
            .map_err(|_| ApiError::invalid_value("The value cannot be read.").at(self.name))?;
        self.check_value(&value)
            .map_err(|error| error.or_at(self.name))
    }

    fn check_value(&self, value: &Value) -> Result<(), ApiError> {
        match self.check {
            Check::Boolean => expect(value.is_boolean(), "a boolean"),
            Check::Number(least, most) => number(value, least, most),
            Check::Integer(least, most) => integer(value, least, most),
            Check::Text(most) => text(value, most),
            Check::OneOf(words) => one_of(value, words),
            Check::Object => expect(value.is_object(), "an object"),
            Check::List(most) => list(value, most).map(|_| ()),
            Check::Stop => stop(value),
            Check::TextOrObject => expect(
                value.is_string() || value.is_object(),
                "a string or an object",
            ),
            Check::LogitBias => logit_bias(value),
            Check::ResponseFormat => response_format(value),
            Check::Tools => tools(value),
            Check::Modalities => {
                let words = list(value, 2)?;
                words
                    .iter()
                    .try_for_each(|word| one_of(word, &["text", "audio"]))
            }
        }
    }
}

fn stop(value: &Value) -> Result<(), ApiError> {
    let texts = match value {
        Value::Array(_) => list(value, 4)?,
        other => std::slice::from_ref(other),
    };
    texts.iter().try_for_each(|stop| text(stop, STOP_BYTES_MAX))
}

fn logit_bias(value: &Value) -> Result<(), ApiError> {
    let biases = value
        .as_object()
        .ok_or_else(|| ApiError::invalid_type("Expected an object."))?;
    if biases.len() > 1024 {
        return Err(ApiError::invalid_value("Expected at most 1024 biases."));
    }
    biases.iter().try_for_each(|(token, bias)| {
        number(bias, -100.0, 100.0).map_err(|error| error.at(format!("logit_bias.{token}")))
    })
}

fn response_format(value: &Value) -> Result<(), ApiError> {
    expect(value.is_object(), "an object")?;
    one_of(&value["type"], &["text", "json_object", "json_schema"])
        .map_err(|error| error.at("response_format.type"))?;
    if value["type"] != "json_schema" {
        return Ok(());
    }
    let schema = &value["json_schema"];
    if !schema.is_object() {
        return Err(ApiError::missing("response_format.json_schema"));
    }
    function_name(&schema["name"]).map_err(|error| error.at("response_format.json_schema.name"))
}

fn tools(value: &Value) -> Result<(), ApiError> {
    for (at, tool) in list(value, 128)?.iter().enumerate() {
        let path = |field: &str| format!("tools[{at}].{field}");
        one_of(&tool["type"], &["function", "custom"]).map_err(|error| error.at(path("type")))?;
        let kind = if tool["type"] == "custom" {
            "custom"
        } else {
            "function"
        };
        if !tool[kind].is_object() {
            return Err(ApiError::missing(&path(kind)));
        }
        function_name(&tool[kind]["name"])
            .map_err(|error| error.at(path(&format!("{kind}.name"))))?;
    }
    Ok(())
}
