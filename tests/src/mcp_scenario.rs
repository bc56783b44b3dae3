use std::str::FromStr;

use jan_domain::ports::ToolOffer;
use serde_json::{Map, Value, json};

/// A tool to call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

impl FromStr for Call {
    type Err = String;

    /// `name`, or `name={"a": 1}`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tool, arguments) = text.split_once('=').unwrap_or((text, "{}"));
        let arguments = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
        Ok(Self {
            tool: tool.to_owned(),
            arguments,
        })
    }
}

/// The calls a scenario asks for: those it names, else each tool once, with arguments that fit.
pub fn calls(scenario: &str, context: Option<&Value>, offers: &[ToolOffer]) -> Vec<Call> {
    if let Some(named) = context.and_then(|context| context["toolCalls"].as_array()) {
        let named = named.iter().filter_map(|call| {
            Some(Call {
                tool: call["name"].as_str()?.to_owned(),
                arguments: call["arguments"].as_object().cloned().unwrap_or_default(),
            })
        });
        return named.collect();
    }
    if scenario == "json-schema-2020-12-preservation" {
        return echoed(offers).into_iter().collect();
    }
    let each = offers.iter().map(|offer| Call {
        tool: offer.name.clone(),
        arguments: fitting(&offer.input_schema),
    });
    each.collect()
}

/// The schema of one tool as the argument of the other.
fn echoed(offers: &[ToolOffer]) -> Option<Call> {
    let shown = offers
        .iter()
        .find(|offer| offer.input_schema.get("$schema").is_some())?;
    let echo = offers
        .iter()
        .find(|offer| offer.input_schema["properties"].get("schema").is_some())?;
    let arguments = Map::from_iter([("schema".to_owned(), shown.input_schema.clone())]);
    Some(Call {
        tool: echo.name.clone(),
        arguments,
    })
}

/// Arguments of the types that a schema names.
fn fitting(schema: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fitting = properties.map(|(name, schema)| (name.clone(), value(schema)));
    fitting.collect()
}

fn value(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(5),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("null") => Value::Null,
        _ => json!("text"),
    }
}
