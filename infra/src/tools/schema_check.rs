//! Values against the schemas that servers give. The schemas are strangers' words: nothing is ever
//! fetched for them, patterns run in linear time, and those that could unfold without end are not used.

use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

/// Schemas that a check may come to, references followed.
const UNFOLDED_MAX: usize = 20_000;
/// Characters of what is wrong.
const WORDS_MAX: usize = 300;

/// What is wrong with a value, as far as its schema can be used.
pub(super) fn fault(schema: &Value, value: &Value) -> Option<String> {
    unfolded(schema, schema, &mut Vec::new())?;
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(schema);
    // The server will know what it meant.
    let validator = validator.ok()?;
    let error = validator.validate(value).err()?;
    let place = error.instance_path().to_string();
    let words = match place.as_str() {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    };
    Some(words.chars().take(WORDS_MAX).collect())
}

/// How many schemas there are once references are followed. Nothing, if there is no end to it, or if
/// one leads elsewhere.
fn unfolded(root: &Value, schema: &Value, within: &mut Vec<String>) -> Option<usize> {
    let parts: Box<dyn Iterator<Item = &Value>> = match schema {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(
            fields
                .iter()
                .filter(|(name, _)| *name != "$defs" && *name != "definitions")
                .map(|(_, part)| part),
        ),
        _ => return Some(1),
    };
    let mut count = 1_usize;
    for part in parts {
        count += unfolded(root, part, within)?;
        if count > UNFOLDED_MAX {
            return None;
        }
    }
    if ["$dynamicRef", "$recursiveRef", "$id"]
        .iter()
        .any(|name| schema.get(*name).is_some())
    {
        return None;
    }
    if let Some(reference) = schema.get("$ref") {
        let reference = reference.as_str()?;
        let target = root.pointer(reference.strip_prefix('#')?)?;
        if within.iter().any(|known| known == reference) {
            return None;
        }
        within.push(reference.to_owned());
        count += unfolded(root, target, within)?;
        within.pop();
    }
    (count <= UNFOLDED_MAX).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let schema = json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/name"}},
            "required": ["a"],
            "additionalProperties": false,
            "$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}},
        });
        assert_eq!(fault(&schema, &json!({"a": 1, "b": "x"})), None);
        let said = |value: Value| fault(&schema, &value).unwrap();
        assert!(said(json!({"a": "1"})).starts_with("/a: "));
        assert!(said(json!({})).contains("required"));
        assert!(said(json!({"a": 1, "c": 2})).contains("'c'"));
        assert!(said(json!({"a": 1, "b": "X"})).starts_with("/b: "));
    }

    #[test]
    fn a_schema_that_leads_elsewhere_or_never_ends_is_not_used() {
        let mut bomb = json!({"type": "object", "allOf": [{"$ref": "#/$defs/a0"}], "$defs": {}});
        for step in 0..30 {
            let next = format!("#/$defs/a{}", step + 1);
            bomb["$defs"][format!("a{step}")] = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
        }
        bomb["$defs"]["a30"] = json!({"type": "string"});
        for unusable in [
            bomb,
            json!({"$ref": "#"}),
            json!({"properties": {"a": {"$ref": "#"}}, "required": ["b"]}),
            json!({"$ref": "http://127.0.0.1:1/schema.json"}),
            json!({"$id": "http://127.0.0.1:1/", "$ref": "other.json"}),
            json!({"$ref": "#anchor"}),
            json!({"$ref": 1}),
            json!({"pattern": "("}),
            json!({"type": "nothing"}),
        ] {
            assert_eq!(fault(&unusable, &json!({"a": 1})), None, "{unusable}");
        }
    }

    #[test]
    fn patterns_end_in_time() {
        let schema = json!({"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}});
        let text = format!("{}!", "a".repeat(50_000));
        assert!(fault(&schema, &json!({"a": text})).is_some());
    }
}
