//! What a server's list is compared by. A pin is a hash over all that a model is told of tools, so
//! that a server cannot give another meaning to a tool that was looked at before.

use jan_domain::ports::ToolOffer;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What is done about lists that are not as they were approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pins {
    /// Withholds what changed of servers that have a pin, warns about the others.
    #[default]
    Given,
    /// Nothing.
    Off,
    /// Warns, and offers everything.
    Warn,
    /// Withholds what changed, and everything of servers that have no pin.
    Enforce,
}

/// The pin of a list, whatever its order.
pub(super) fn of_list<'a>(offers: impl Iterator<Item = &'a ToolOffer>) -> String {
    let mut tools: Vec<_> = offers.collect();
    tools.sort_by(|one, other| one.name.cmp(&other.name));
    pin(&tools.into_iter().map(described).collect())
}

/// The pin of one tool.
pub(super) fn of_tool(offer: &ToolOffer) -> String {
    pin(&described(offer))
}

/// Which parts of a tool differ.
pub(super) fn changes(before: &ToolOffer, now: &ToolOffer) -> Vec<&'static str> {
    let parts = [
        ("description", before.description != now.description),
        ("inputSchema", before.input_schema != now.input_schema),
        ("outputSchema", before.output_schema != now.output_schema),
        ("annotations", before.annotations != now.annotations),
    ];
    let changed = parts.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(part, _)| part).collect()
}

fn described(offer: &ToolOffer) -> Value {
    json!({
        "name": offer.name,
        "description": offer.description,
        "inputSchema": offer.input_schema,
        "outputSchema": offer.output_schema,
        "annotations": offer.annotations,
    })
}

fn pin(value: &Value) -> String {
    let digest = Sha256::digest(canonical(value).to_string());
    format!("sha256:{digest:x}")
}

/// The same value with its fields in order.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields.into_iter();
            let fields: Map<_, _> = fields
                .map(|(name, value)| (name.clone(), canonical(value)))
                .collect();
            Value::Object(fields)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::response::EffectClass;

    fn offer(name: &str, schema: &str) -> ToolOffer {
        ToolOffer {
            name: name.to_owned(),
            description: Some("Does it.".to_owned()),
            input_schema: serde_json::from_str(schema).unwrap(),
            output_schema: None,
            annotations: None,
            effect: EffectClass::Unsafe,
        }
    }

    #[test]
    fn order_is_nothing_and_every_part_is_something() {
        let (one, other) = (offer("a", r#"{"x":1,"y":2}"#), offer("b", "{}"));
        let swapped = offer("a", r#"{"y":2,"x":1}"#);
        let pin = of_list([&one, &other].into_iter());
        assert_eq!(pin, of_list([&other, &swapped].into_iter()));
        assert_eq!(pin.len(), "sha256:".len() + 64);
        let mut changed = one.clone();
        changed.description = Some("Does it and more.".to_owned());
        changed.annotations = Some(json!({"readOnlyHint": true}));
        assert_ne!(of_tool(&one), of_tool(&changed));
        assert_eq!(changes(&one, &changed), ["description", "annotations"]);
        assert_ne!(pin, of_list([&changed, &other].into_iter()));
    }
}
