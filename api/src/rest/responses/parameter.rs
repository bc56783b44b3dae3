//! The plain parameters of a response in one table: what each may be, what it is when nobody says,
//! and where it goes. Source: OpenAI's published description (reference §1.3).

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::rest::value_check::{expect, integer, number, one_of, text};

/// One parameter.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    check: Check,
    /// What it is called in chat's words, if it goes to the provider.
    forwarded: Option<&'static str>,
    /// How the response repeats it when it was not given; `None` if it is not repeated.
    default: Option<Repeated>,
}

#[derive(Clone, Copy)]
enum Check {
    Boolean,
    Number(f64, f64),
    Integer(i64, i64),
    Text(usize),
    OneOf(&'static [&'static str]),
    Object,
    List,
    Any,
}

#[derive(Clone, Copy)]
enum Repeated {
    Null,
    True,
    Zero,
    One,
    Text(&'static str),
}

use Check::{Any, Boolean, Integer, List, Number, Object, OneOf, Text};

const TOKENS_MAX: i64 = 10_000_000;
const TIERS: &[&str] = &[
    "auto",
    "default",
    "flex",
    "scale",
    "priority",
    "fast",
    "ultrafast",
];

const fn row(
    name: &'static str,
    check: Check,
    forwarded: Option<&'static str>,
    default: Option<Repeated>,
) -> Parameter {
    Parameter {
        name,
        check,
        forwarded,
        default,
    }
}

/// All of them. Those that are neither forwarded nor repeated are read elsewhere, or mean nothing
/// here and do no harm.
pub(super) const PARAMETERS: &[Parameter] = &[
    row("background", Boolean, None, None),
    row("context_management", List, None, None),
    row("conversation", Any, None, None),
    row(
        "frequency_penalty",
        Number(-2.0, 2.0),
        Some("frequency_penalty"),
        Some(Repeated::Zero),
    ),
    row("include", List, None, None),
    row("input", Any, None, None),
    row("instructions", Any, None, Some(Repeated::Null)),
    row(
        "max_output_tokens",
        Integer(1, TOKENS_MAX),
        Some("max_completion_tokens"),
        Some(Repeated::Null),
    ),
    row(
        "max_tool_calls",
        Integer(1, 10_000),
        None,
        Some(Repeated::Null),
    ),
    row("metadata", Object, None, None),
    row("model", Any, None, None),
    row("moderation", Object, None, None),
    row(
        "parallel_tool_calls",
        Boolean,
        Some("parallel_tool_calls"),
        Some(Repeated::True),
    ),
    row(
        "presence_penalty",
        Number(-2.0, 2.0),
        Some("presence_penalty"),
        Some(Repeated::Zero),
    ),
    row("previous_response_id", Any, None, None),
    row("prompt_cache_key", Text(1024), None, Some(Repeated::Null)),
    row("prompt_cache_options", Object, None, None),
    row(
        "prompt_cache_retention",
        OneOf(&["in_memory", "in-memory", "24h"]),
        None,
        None,
    ),
    row("reasoning", Object, None, None),
    row("safety_identifier", Text(64), None, Some(Repeated::Null)),
    row("service_tier", OneOf(TIERS), None, None),
    row("store", Boolean, None, Some(Repeated::True)),
    row("stream", Boolean, None, None),
    row("stream_options", Object, None, None),
    row(
        "temperature",
        Number(0.0, 2.0),
        Some("temperature"),
        Some(Repeated::One),
    ),
    row("text", Object, None, None),
    row("tool_choice", Any, None, Some(Repeated::Text("auto"))),
    row("tools", List, None, None),
    row("top_logprobs", Integer(0, 20), None, Some(Repeated::Zero)),
    row(
        "top_p",
        Number(0.0, 1.0),
        Some("top_p"),
        Some(Repeated::One),
    ),
    row(
        "truncation",
        OneOf(&["auto", "disabled"]),
        None,
        Some(Repeated::Text("disabled")),
    ),
    row("user", Text(512), None, Some(Repeated::Null)),
];

impl Parameter {
    fn check(&self, value: &Value) -> Result<(), ApiError> {
        let checked = match self.check {
            Boolean => expect(value.is_boolean(), "a boolean"),
            Number(least, most) => number(value, least, most),
            Integer(least, most) => integer(value, least, most),
            Text(most) => text(value, most),
            OneOf(words) => one_of(value, words),
            Object => expect(value.is_object(), "an object"),
            List => expect(value.is_array(), "a list"),
            Any => Ok(()),
        };
        checked.map_err(|error| error.or_at(self.name))
    }
}

type Fields = Map<String, Value>;

/// Checks what was given, and answers what the response repeats and what goes to the provider.
pub(super) fn read(fields: &Fields) -> Result<(Fields, Fields), ApiError> {
    let (mut shown, mut forwarded) = (Map::new(), Map::new());
    for parameter in PARAMETERS {
        let given = fields.get(parameter.name).filter(|value| !value.is_null());
        if let Some(value) = given {
            parameter.check(value)?;
            if let Some(name) = parameter.forwarded {
                forwarded.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(default) = parameter.default {
            let value = given.cloned().unwrap_or_else(|| default.value());
            shown.insert(parameter.name.to_owned(), value);
        }
    }
    Ok((shown, forwarded))
}

/// Whether the name is one of ours.
pub(super) fn is_known(name: &str) -> bool {
    PARAMETERS.iter().any(|parameter| parameter.name == name)
}

impl Repeated {
    fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::True => json!(true),
            Self::Zero => json!(0),
            Self::One => json!(1.0),
            Self::Text(text) => json!(text),
        }
    }
}
