//! What a request says of the tools it asks for by OpenAI's names, against what the model asks them.

use serde_json::{Map, Value, json};

/// The arguments of a call as they are sent: what the model says, within what its caller has said.
/// Numbers are at most the caller's, filters are both the model's and the caller's, and of all else
/// the caller's word counts.
pub(super) fn within(
    bounds: Option<&Map<String, Value>>,
    mut arguments: Map<String, Value>,
) -> Map<String, Value> {
    for (name, bound) in bounds.into_iter().flatten() {
        let said = arguments.remove(name).filter(|said| !said.is_null());
        let value = match (name.as_str(), said) {
            ("top_k" | "num", Some(said)) if fewer(&said, bound) => said,
            ("score_min", Some(said)) if fewer(bound, &said) => said,
            ("filters", Some(said)) => json!({"type": "and", "filters": [bound, said]}),
            _ => bound.clone(),
        };
        arguments.insert(name.clone(), value);
    }
    arguments
}

/// Whether one number is less than another; what is none is not.
fn fewer(one: &Value, other: &Value) -> bool {
    matches!((one.as_f64(), other.as_f64()), (Some(one), Some(other)) if one < other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn no_call_leaves_what_its_caller_allows() {
        let eq = |key: &str| json!({"type": "eq", "key": key, "value": 1});
        let bounds = fields(&json!({"top_k": 3, "score_min": 0.5, "filters": eq("a"),
            "collections": ["mine"]}));
        for (said, sent) in [
            (
                json!({"query": "q"}),
                json!({"query": "q", "top_k": 3, "score_min": 0.5, "filters": eq("a"),
                    "collections": ["mine"]}),
            ),
            (
                json!({"query": "q", "top_k": 50, "score_min": 0, "filters": eq("b"),
                    "collections": ["mine", "yours"]}),
                json!({"query": "q", "top_k": 3, "score_min": 0.5, "collections": ["mine"],
                    "filters": {"type": "and", "filters": [eq("a"), eq("b")]}}),
            ),
            (
                json!({"query": "q", "top_k": 1, "score_min": 0.9, "filters": null}),
                json!({"query": "q", "top_k": 1, "score_min": 0.9, "filters": eq("a"),
                    "collections": ["mine"]}),
            ),
            (
                json!({"top_k": "many", "score_min": "low"}),
                json!({"top_k": 3, "score_min": 0.5, "filters": eq("a"), "collections": ["mine"]}),
            ),
        ] {
            assert_eq!(
                within(Some(&bounds), fields(&said)),
                fields(&sent),
                "{said}"
            );
        }
        let free = fields(&json!({"top_k": 50}));
        assert_eq!(within(None, free.clone()), free);
    }
}
