//! The smallest JSON value that a JSON schema accepts.

use serde_json::{Map, Value, json};

/// Where a schema that refers to itself without end is given up with `null`.
const DEPTH_MAX: usize = 24;
/// From here on an alternative that does not refer elsewhere is preferred, which ends recursion.
const DEPTH_OF_CHOICE: usize = 4;

/// Obeys `type`, `properties`/`required`, `enum`, `const`, `items`/`prefixItems`/`minItems`, bounds of
/// numbers and lengths, common formats, `$ref` into the same document, `anyOf`, `oneOf` and `allOf`.
/// `pattern`, `multipleOf`, `not` and conditions are not looked at.
pub(super) fn minimal(schema: &Value) -> Value {
    value(schema, schema, 0)
}

fn value(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| value(root, target, depth + 1));
    }
    if let Some(fixed) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return fixed.clone();
    }
    if let Some(chosen) = alternative(schema, depth) {
        return value(root, chosen, depth + 1);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts
            .iter()
            .map(|part| value(root, part, depth + 1))
            .fold(Value::Null, merge);
    }
    match kind(schema) {
        "object" => object(root, schema, depth),
        "array" => array(root, schema, depth),
        "integer" | "number" => number(schema),
        "boolean" => json!(false),
        "null" => Value::Null,
        _ => json!(string(schema)),
    }
}

fn alternative(schema: &Value, depth: usize) -> Option<&Value> {
    let choices = schema["anyOf"]
        .as_array()
        .or_else(|| schema["oneOf"].as_array())?;
    let plain = choices.iter().find(|choice| choice.get("$ref").is_none());
    plain
        .filter(|_| depth > DEPTH_OF_CHOICE)
        .or_else(|| choices.first())
}

fn merge(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            left.extend(right);
            Value::Object(left)
        }
        (Value::Null, right) => right,
        (left, _) => left,
    }
}

fn kind(schema: &Value) -> &str {
    let named = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    named.unwrap_or(match schema {
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    })
}

fn object(root: &Value, schema: &Value, depth: usize) -> Value {
    let required = schema["required"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let properties = required.iter().filter_map(Value::as_str).map(|name| {
        let property = &schema["properties"][name];
        (name.to_owned(), value(root, property, depth + 1))
    });
    Value::Object(properties.collect::<Map<_, _>>())
}

fn array(root: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(items) = schema["prefixItems"].as_array() {
        return items
            .iter()
            .map(|item| value(root, item, depth + 1))
            .collect();
    }
    let count = schema["minItems"].as_u64().unwrap_or(0);
    (0..count)
        .map(|_| value(root, &schema["items"], depth + 1))
        .collect()
}

/// Zero, or the bound nearest to it.
fn number(schema: &Value) -> Value {
    let bound = |name: &str| schema[name].as_f64();
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|least| least + 1.0));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|most| most - 1.0));
    match (least, most) {
        (Some(least), _) if least > 0.0 => whole_if_possible(least.ceil(), least, schema),
        (_, Some(most)) if most < 0.0 => whole_if_possible(most.floor(), most, schema),
        _ => json!(0),
    }
}

/// An integer schema must not get `1.0`.
fn whole_if_possible(whole: f64, exact: f64, schema: &Value) -> Value {
    if kind(schema) == "number" && whole.to_bits() != exact.to_bits() {
        return json!(exact);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounds beyond 64 bits are not scripted"
    )]
    let whole = whole as i64;
    json!(whole)
}

fn string(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("email") => "text@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    };
    let length = |name: &str| schema[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let (least, most) = (length("minLength").unwrap_or(0), length("maxLength"));
    let padded = text.chars().chain(std::iter::repeat('t'));
    padded
        .take(text.len().max(least).min(most.unwrap_or(usize::MAX)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::minimal;

    #[test]
    fn an_object_has_its_required_properties_only() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "kind": {"enum": ["cat", "dog"]},
                "age": {"type": "integer", "minimum": 18},
                "score": {"type": "number", "exclusiveMaximum": -0.5},
                "ok": {"type": "boolean"},
                "tags": {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 2},
                "left_out": {"type": "string"}
            },
            "required": ["name", "kind", "age", "score", "ok", "tags"]
        });
        let expected = json!({"name": "text", "kind": "cat", "age": 18, "score": -1.5,
            "ok": false, "tags": ["text", "text"]});
        assert_eq!(minimal(&schema), expected);
    }

    #[test]
    fn references_and_alternatives_are_followed() {
        let schema = json!({
            "$defs": {
                "step": {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]},
                "extra": {"properties": {"n": {"type": "number"}}, "required": ["n"]}
            },
            "type": "object",
            "properties": {
                "first": {"anyOf": [{"$ref": "#/$defs/step"}, {"type": "null"}]},
                "both": {"allOf": [{"$ref": "#/$defs/step"}, {"$ref": "#/$defs/extra"}]}
            },
            "required": ["first", "both"]
        });
        let expected = json!({"first": {"why": "text"}, "both": {"why": "text", "n": 0}});
        assert_eq!(minimal(&schema), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let node = json!({"type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}});
        let text = minimal(&node).to_string();
        assert!(text.contains("null") && text.len() < 100, "{text}");
        let endless =
            json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}});
        assert!(minimal(&endless).is_object());
    }

    #[test]
    fn lengths_and_formats_are_kept() {
        assert_eq!(
            minimal(&json!({"type": "string", "minLength": 6})),
            "texttt"
        );
        assert_eq!(minimal(&json!({"type": "string", "maxLength": 2})), "te");
        assert_eq!(
            minimal(&json!({"type": "string", "format": "date"})),
            "2026-01-01"
        );
        assert_eq!(minimal(&json!(true)), "text");
    }
}
