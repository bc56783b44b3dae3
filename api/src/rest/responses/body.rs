use std::collections::BTreeSet;

use jan_commands::run::{RecordedRequest, RunWish};
use jan_domain::UserMetadata;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::ports::IdGenerator;
use jan_domain::response::Retention;
use serde_json::{Map, Value, json};

use super::warnings::Warnings;
use super::{input, parameter, tool_choice, tools};
use crate::context::Flavour;
use crate::error::ApiError;
use crate::rest::value_check::{function_name, one_of};

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const VERBOSITIES: &[&str] = &["low", "medium", "high"];
/// What may be asked to be included (OpenAI).
const INCLUDES: &[&str] = &[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];

/// Reads the body of a response to create.
pub(crate) fn wish(
    mut body: Map<String, Value>,
    (ids, flavour): (&dyn IdGenerator, Flavour),
    warnings: &mut Warnings,
) -> Result<RunWish, ApiError> {
    if flavour == Flavour::Jan {
        input::jan_names(&mut body);
    }
    refuse_unserved(&body)?;
    for name in body.keys().filter(|name| !parameter::is_known(name)) {
        warnings.unknown_parameter(name);
    }
    if body
        .get("context_management")
        .is_some_and(|value| !value.is_null())
    {
        warnings.add("'context_management' has no effect; use /v1/responses/compact".to_owned());
    }
    let (mut shown, mut forwarded) = parameter::read(&body)?;
    let given = Given(&body);
    let tools = tools::read(given.get("tools"), warnings)?;
    shown.insert("tools".to_owned(), json!(tools.shown));
    let tool_choice = tool_choice::read(given.get("tool_choice"))?;
    text(&given, &mut shown, &mut forwarded)?;
    reasoning(&given, &mut shown, &mut forwarded)?;
    shown.insert("service_tier".to_owned(), json!("default"));
    let include = include(&given)?;
    let shows_logprobs = include.contains("message.output_text.logprobs");
    let top_logprobs = given.get("top_logprobs").and_then(Value::as_u64);
    if shows_logprobs || top_logprobs.is_some_and(|count| count > 0) {
        forwarded.insert("logprobs".to_owned(), json!(true));
        forwarded.insert("top_logprobs".to_owned(), json!(top_logprobs.unwrap_or(0)));
    }
    let request = RecordedRequest {
        instructions: input::instructions(given.get("instructions"))?,
        own_tools: flavour == Flavour::Jan && tools.shown.is_empty(),
        functions: tools.functions,
        namespaces: tools.namespaces,
        builtins: tools.builtins,
        bounds: tools.bounds,
        tool_choice,
        truncates: given.get("truncation").is_some_and(|value| value == "auto"),
        shows_logprobs: shows_logprobs || top_logprobs.is_some_and(|count| count > 0),
        parameters: forwarded,
        include,
        shown,
    };
    let background = given.is_true("background");
    let retention = retention(&given, background)?;
    Ok(RunWish {
        model: model(&given)?,
        request,
        input: input::read(given.get("input"), (ids, flavour), warnings)?,
        remembered: Vec::new(),
        servers: tools.servers,
        previous: previous(&given)?,
        conversation: conversation(&given)?,
        background,
        stream: given.is_true("stream"),
        retention,
        metadata: metadata(&given)?,
        tool_calls_max: given
            .get("max_tool_calls")
            .and_then(Value::as_u64)
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        repeatable: false,
    })
}

/// A body whose null fields are as good as absent.
struct Given<'a>(&'a Map<String, Value>);

impl<'a> Given<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == true)
    }
}

fn refuse_unserved(body: &Map<String, Value>) -> Result<(), ApiError> {
    let given = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    if given("prompt") {
        let why = "prompt templates are not kept on this server; send 'instructions' and 'input'";
        return Err(ApiError::unsupported("prompt", why));
    }
    if given("previous_response_id") && given("conversation") {
        let message = "Only one of 'previous_response_id' and 'conversation' can be given.";
        return Err(ApiError::invalid_value(message).at("previous_response_id"));
    }
    Ok(())
}

fn model(given: &Given<'_>) -> Result<String, ApiError> {
    match given.get("model") {
        None => Err(ApiError::missing("model")),
        Some(Value::String(model)) if !model.is_empty() => Ok(model.clone()),
        Some(Value::String(_)) => {
            Err(ApiError::invalid_value("Expected the name of a model.").at("model"))
        }
        Some(_) => Err(ApiError::invalid_type("Expected a string.").at("model")),
    }
}

fn previous(given: &Given<'_>) -> Result<Option<ResponseId>, ApiError> {
    let at = "previous_response_id";
    match given.get(at) {
        None => Ok(None),
        Some(Value::String(id)) if id.is_empty() => Ok(None),
        Some(Value::String(id)) => match ResponseId::parse(id) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(ApiError::previous_response_not_found(id)),
        },
        Some(_) => Err(ApiError::invalid_type("Expected a string.").at(at)),
    }
}

fn conversation(given: &Given<'_>) -> Result<Option<ConversationId>, ApiError> {
    let at = "conversation";
    let id = match given.get(at) {
        None => return Ok(None),
        Some(Value::String(id)) => id,
        Some(Value::Object(named)) => match named.get("id") {
            Some(Value::String(id)) => id,
            _ => return Err(ApiError::missing("conversation.id")),
        },
        Some(_) => return Err(ApiError::invalid_type("Expected a string or an object.").at(at)),
    };
    let id = ConversationId::parse(id);
    id.map(Some)
        .map_err(|invalid| ApiError::invalid_value(format!("Invalid id: {invalid}.")).at(at))
}

/// Responses are stored unless their caller says otherwise; what runs in the background must be.
fn retention(given: &Given<'_>, background: bool) -> Result<Retention, ApiError> {
    let stored = given.get("store").is_none_or(|value| value == true);
    match (stored, background) {
        (true, _) => Ok(Retention::Stored),
        (false, false) => Ok(Retention::UsageOnly),
        (false, true) => {
            let message = "A response that runs in the background must be stored.";
            Err(ApiError::invalid_value(message).at("store"))
        }
    }
}

fn metadata(given: &Given<'_>) -> Result<UserMetadata, ApiError> {
    let Some(value) = given.get("metadata") else {
        return Ok(UserMetadata::default());
    };
    let pairs = serde_json::from_value(value.clone()).map_err(|_| {
        ApiError::invalid_type("Expected an object whose values are strings.").at("metadata")
    })?;
    Ok(UserMetadata::parse(pairs)?)
}

fn include(given: &Given<'_>) -> Result<BTreeSet<String>, ApiError> {
    let list = given.get("include").and_then(Value::as_array);
    let wanted = list
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(place, value)| {
            one_of(value, INCLUDES).map_err(|error| error.at(format!("include[{place}]")))?;
            Ok(value.as_str().unwrap_or_default().to_owned())
        });
    wanted.collect()
}

/// `text`: the format of the answer, and how many words it makes.
fn text(
    given: &Given<'_>,
    shown: &mut Map<String, Value>,
    forwarded: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let told = given.get("text").cloned().unwrap_or_else(|| json!({}));
    let verbosity = told["verbosity"].as_str();
    if !told["verbosity"].is_null() {
        one_of(&told["verbosity"], VERBOSITIES).map_err(|error| error.at("text.verbosity"))?;
        forwarded.insert("verbosity".to_owned(), told["verbosity"].clone());
    }
    let format = match &told["format"] {
        Value::Null => json!({"type": "text"}),
        format => {
            check_format(format)?;
            let schema = json_schema(format);
            forwarded.extend(schema.map(|format| ("response_format".to_owned(), format)));
            format.clone()
        }
    };
    let shown_text = json!({"format": format, "verbosity": verbosity.unwrap_or("medium")});
    shown.insert("text".to_owned(), shown_text);
    Ok(())
}

fn check_format(format: &Value) -> Result<(), ApiError> {
    if !format.is_object() {
        return Err(ApiError::invalid_type("Expected an object.").at("text.format"));
    }
    one_of(&format["type"], &["text", "json_object", "json_schema"])
        .map_err(|error| error.at("text.format.type"))?;
    if format["type"] != "json_schema" {
        return Ok(());
    }
    function_name(&format["name"]).map_err(|error| error.at("text.format.name"))?;
    if format["schema"].is_object() {
        Ok(())
    } else {
        Err(ApiError::missing("text.format.schema"))
    }
}

/// A format in chat's words; plain text needs none.
fn json_schema(format: &Value) -> Option<Value> {
    if format["type"] == "text" {
        return None;
    }
    if format["type"] == "json_object" {
        return Some(json!({"type": "json_object"}));
    }
    let mut schema = json!({"name": format["name"], "schema": format["schema"]});
    for name in ["description", "strict"] {
        if !format[name].is_null() {
            schema[name] = format[name].clone();
        }
    }
    Some(json!({"type": "json_schema", "json_schema": schema}))
}

fn reasoning(
    given: &Given<'_>,
    shown: &mut Map<String, Value>,
    forwarded: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let told = given.get("reasoning").cloned().unwrap_or_else(|| json!({}));
    let effort = &told["effort"];
    if !effort.is_null() {
        one_of(effort, EFFORTS).map_err(|error| error.at("reasoning.effort"))?;
        forwarded.insert("reasoning_effort".to_owned(), effort.clone());
    }
    let summary = json!({"effort": effort, "summary": told["summary"]});
    shown.insert("reasoning".to_owned(), summary);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::ports::SeededIds;

    fn read(body: Value) -> Result<RunWish, ApiError> {
        let Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let ids = SeededIds::new([0; 32]);
        wish(body, (&ids, Flavour::OpenAi), &mut Warnings::default())
    }

    #[test]
    fn what_was_given_goes_to_the_provider_in_chats_words() {
        let wish = read(json!({"model": "m", "input": "hi", "max_output_tokens": 9,
            "temperature": 0, "text": {"format": {"type": "json_schema", "name": "n", "strict": true,
            "schema": {"type": "object"}}}, "reasoning": {"effort": "low"}, "top_p": null}))
        .unwrap();
        assert_eq!(
            Value::Object(wish.request.parameters),
            json!({"max_completion_tokens": 9, "temperature": 0, "reasoning_effort": "low",
                "response_format": {"type": "json_schema", "json_schema":
                    {"name": "n", "strict": true, "schema": {"type": "object"}}}})
        );
        assert_eq!(wish.retention, Retention::Stored);
    }

    #[test]
    fn a_bad_body_is_refused_at_its_field() {
        for (extra, at) in [
            (json!({"model": 5}), "model"),
            (json!({"model": null}), "model"),
            (json!({"temperature": 3}), "temperature"),
            (json!({"stream": "yes"}), "stream"),
            (
                json!({"text": {"format": {"type": "xml"}}}),
                "text.format.type",
            ),
            (
                json!({"text": {"format": {"type": "json_schema", "name": "n"}}}),
                "text.format.schema",
            ),
            (json!({"reasoning": {"effort": "huge"}}), "reasoning.effort"),
            (json!({"include": ["everything"]}), "include[0]"),
            (json!({"background": true, "store": false}), "store"),
            (
                json!({"previous_response_id": "resp_1", "conversation": "conv_1"}),
                "previous_response_id",
            ),
            (json!({"conversation": {}}), "conversation.id"),
            (json!({"prompt": {"id": "p"}}), "prompt"),
            (json!({"metadata": {"a": 1}}), "metadata"),
            (json!({"max_tool_calls": 0}), "max_tool_calls"),
        ] {
            let mut body = json!({"model": "m", "input": "hi"});
            for (name, value) in extra.as_object().unwrap() {
                body[name] = value.clone();
            }
            let refused = read(body).unwrap_err().body();
            assert_eq!(refused["error"]["param"], at, "{refused}");
        }
    }
}
