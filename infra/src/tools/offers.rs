//! What of a server's list is believed. Whatever is wrong with one tool costs that tool only.

use jan_domain::ports::ToolOffer;
use jan_domain::response::EffectClass;
use serde_json::Value;

use super::endpoint::Endpoint;

/// By the protocol's own rule.
const NAME_BYTES_MAX: usize = 128;
/// A description goes into every prompt.
const DESCRIPTION_CHARS_MAX: usize = 4_096;
/// Size of a schema, and of annotations, as JSON.
const SCHEMA_BYTES_MAX: usize = 64 << 10;
/// Arrays and objects within each other in a schema.
const SCHEMA_DEPTH_MAX: usize = 32;

/// The tools of a page that can be offered; what is wrong with the others goes to the log.
pub(super) fn read(endpoint: &Endpoint, tools: Vec<Value>) -> impl Iterator<Item = ToolOffer> {
    tools.into_iter().filter_map(|tool| match offer(tool) {
        Ok(offer) => Some(offer),
        Err(problem) => {
            tracing::warn!(
                tool_server.name = endpoint.name,
                "a tool of server {} is not offered: {problem}",
                endpoint.name
            );
            None
        }
    })
}

fn offer(mut tool: Value) -> Result<ToolOffer, &'static str> {
    let name = tool["name"].as_str().ok_or("it has no name")?.to_owned();
    if !is_name(&name) {
        return Err("its name is not one of 1 to 128 letters, digits, '_', '-' and '.'");
    }
    let input_schema = tool["inputSchema"].take();
    check_schema(&input_schema)?;
    // A tool works as well without one.
    let output_schema =
        Some(tool["outputSchema"].take()).filter(|schema| check_schema(schema).is_ok());
    let annotations = Some(tool["annotations"].take()).filter(Value::is_object);
    if annotations.as_ref().is_some_and(|hints| !is_small(hints)) {
        return Err("its annotations are too large");
    }
    Ok(ToolOffer {
        name,
        description: tool["description"].as_str().map(clipped),
        effect: effect(annotations.as_ref()),
        input_schema,
        output_schema,
        annotations,
    })
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn check_schema(schema: &Value) -> Result<(), &'static str> {
    let root = schema.as_object().ok_or("its input schema is no object")?;
    if root.get("type").is_some_and(|kind| kind != "object") {
        return Err("its input schema is not one of an object");
    }
    if depth(schema) > SCHEMA_DEPTH_MAX {
        return Err("its input schema is too deep");
    }
    if !is_small(schema) {
        return Err("its input schema is too large");
    }
    Ok(())
}

fn is_small(value: &Value) -> bool {
    let text = value.to_string();
    // No event can hold a NUL.
    text.len() <= SCHEMA_BYTES_MAX && !text.contains("\\u0000")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn clipped(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}");
    text.chars().take(DESCRIPTION_CHARS_MAX).collect()
}

/// MCP's own default is the worst: a tool without hints changes things each time.
fn effect(annotations: Option<&Value>) -> EffectClass {
    let hint = |name: &str| annotations.is_some_and(|hints| hints[name] == true);
    if hint("readOnlyHint") {
        EffectClass::Pure
    } else if hint("idempotentHint") {
        EffectClass::Idempotent
    } else {
        EffectClass::Unsafe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str, annotations: &Value) -> Value {
        json!({"name": name, "description": "d", "inputSchema": {"type": "object"}, "annotations": annotations})
    }

    #[test]
    fn hints_tell_what_may_be_done_again() {
        let effect = |hints: Value| offer(tool("t", &hints)).unwrap().effect;
        assert_eq!(effect(json!({"readOnlyHint": true})), EffectClass::Pure);
        assert_eq!(
            effect(json!({"readOnlyHint": true, "destructiveHint": true})),
            EffectClass::Pure
        );
        assert_eq!(
            effect(json!({"idempotentHint": true})),
            EffectClass::Idempotent
        );
        for none in [
            json!(null),
            json!({}),
            json!({"readOnlyHint": "true"}),
            json!({"destructiveHint": false}),
        ] {
            assert_eq!(effect(none), EffectClass::Unsafe);
        }
    }

    #[test]
    fn a_tool_that_cannot_be_offered_is_told_apart() {
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({"properties": deep});
        }
        let schema = |schema: Value| json!({"name": "t", "inputSchema": schema});
        for wrong in [
            json!({}),
            json!("t"),
            json!({"name": 1, "inputSchema": {}}),
            tool("", &Value::Null),
            tool("a b", &Value::Null),
            tool("ä", &Value::Null),
            tool("a/b", &Value::Null),
            tool(&"a".repeat(129), &Value::Null),
            json!({"name": "t"}),
            schema(json!("object")),
            schema(json!([])),
            schema(json!({"type": "string"})),
            schema(deep),
            schema(json!({"description": "x".repeat(SCHEMA_BYTES_MAX)})),
            schema(json!({"description": "\0"})),
        ] {
            assert!(offer(wrong.clone()).is_err(), "{wrong}");
        }
        let long = json!({"name": "a.b-C_1", "description": "x".repeat(10_000), "inputSchema": {}});
        let offer = offer(long).unwrap();
        assert_eq!(offer.description.unwrap().len(), DESCRIPTION_CHARS_MAX);
        assert_eq!(offer.annotations, None);
    }
}
