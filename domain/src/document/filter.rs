use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::limits::{DOCUMENT_FILTER_DEPTH_MAX, DOCUMENT_FILTERS_MAX};

/// Which documents are searched, by their attributes: OpenAI's comparison and compound filters.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeFilter {
    /// One attribute is compared.
    Compared {
        /// Its name.
        key: String,
        /// How.
        by: Comparison,
        /// With what.
        value: Value,
    },
    /// All of these accept.
    All(Vec<Self>),
    /// One of these accepts.
    Any(Vec<Self>),
}

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is this.
    Eq,
    /// It is not this; also if it is not there.
    Ne,
    /// It comes after this.
    Gt,
    /// It comes after this, or is this.
    Gte,
    /// It comes before this.
    Lt,
    /// It comes before this, or is this.
    Lte,
    /// It is one of these.
    In,
    /// It is none of these; also if it is not there.
    Nin,
}

/// Why something is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct InvalidFilter {
    /// The field, such as `filters[1].key`; empty for the whole.
    pub at: String,
    /// What it must be.
    pub expected: String,
}

impl AttributeFilter {
    /// Reads a filter as OpenAI writes it.
    pub fn parse(filter: &Value) -> Result<Self, InvalidFilter> {
        let mut left = DOCUMENT_FILTERS_MAX;
        read(filter, DOCUMENT_FILTER_DEPTH_MAX, &mut left)
    }

    /// Whether a document with these attributes is searched. Values of different types are neither
    /// alike nor one after the other.
    pub fn accepts(&self, attributes: &Map<String, Value>) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.accepts(attributes)),
            Self::Any(filters) => filters.iter().any(|filter| filter.accepts(attributes)),
            Self::Compared { key, by, value } => by.holds(attributes.get(key), value),
        }
    }
}

impl Comparison {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "in" => Self::In,
            "nin" => Self::Nin,
            _ => return None,
        })
    }

    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Nin)
    }

    fn holds(self, attribute: Option<&Value>, value: &Value) -> bool {
        let order = attribute.and_then(|attribute| compare(attribute, value));
        let within = || {
            let mut list = value.as_array().into_iter().flatten();
            list.any(|one| attribute.and_then(|it| compare(it, one)) == Some(Ordering::Equal))
        };
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Gte => order.is_some_and(Ordering::is_ge),
            Self::Lt => order == Some(Ordering::Less),
            Self::Lte => order.is_some_and(Ordering::is_le),
            Self::In => within(),
            Self::Nin => !within(),
        }
    }
}

/// How two values of one type lie to each other.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}

fn read(filter: &Value, depth: usize, left: &mut usize) -> Result<AttributeFilter, InvalidFilter> {
    let Some(fields) = filter.as_object() else {
        return Err(invalid("", "a filter must be an object"));
    };
    if depth == 0 || *left == 0 {
        let most = format!(
            "filters may be at most {DOCUMENT_FILTERS_MAX} together, \
             and {DOCUMENT_FILTER_DEPTH_MAX} within each other"
        );
        return Err(invalid("", &most));
    }
    *left -= 1;
    let kind = fields.get("type").and_then(Value::as_str);
    let kind = kind.unwrap_or_default();
    if matches!(kind, "and" | "or") {
        let within = compound(fields, depth, left)?;
        let all = kind == "and";
        return Ok(if all {
            AttributeFilter::All(within)
        } else {
            AttributeFilter::Any(within)
        });
    }
    let by = Comparison::parse(kind).ok_or_else(|| {
        invalid(
            "type",
            "it must be one of eq, ne, gt, gte, lt, lte, in, nin, and, or",
        )
    })?;
    compared(fields, by)
}

fn compound(
    fields: &Map<String, Value>,
    depth: usize,
    left: &mut usize,
) -> Result<Vec<AttributeFilter>, InvalidFilter> {
    let Some(Value::Array(list)) = fields.get("filters") else {
        return Err(invalid("filters", "it must be a list of filters"));
    };
    let mut within = Vec::with_capacity(list.len());
    for (place, filter) in list.iter().enumerate() {
        let read = read(filter, depth - 1, left).map_err(|wrong| wrong.within(place));
        within.push(read?);
    }
    Ok(within)
}

fn compared(fields: &Map<String, Value>, by: Comparison) -> Result<AttributeFilter, InvalidFilter> {
    let key = fields.get("key").and_then(Value::as_str);
    let key = key.ok_or_else(|| invalid("key", "it must be the name of an attribute"))?;
    let value = fields.get("value").unwrap_or(&Value::Null);
    let simple = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let fits = match value {
        Value::Array(list) => by.takes_list() && list.iter().all(simple),
        value => !by.takes_list() && simple(value),
    };
    if !fits {
        let expected = if by.takes_list() {
            "it must be a list of texts, numbers or booleans"
        } else {
            "it must be a text, a number or a boolean"
        };
        return Err(invalid("value", expected));
    }
    Ok(AttributeFilter::Compared {
        key: key.to_owned(),
        by,
        value: value.clone(),
    })
}

fn invalid(at: &str, expected: &str) -> InvalidFilter {
    InvalidFilter {
        at: at.to_owned(),
        expected: expected.to_owned(),
    }
}

impl InvalidFilter {
    fn within(self, place: usize) -> Self {
        let at = match self.at.as_str() {
            "" => format!("filters[{place}]"),
            at => format!("filters[{place}].{at}"),
        };
        Self { at, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accepts(filter: &Value) -> bool {
        let attributes = json!({"year": 2024, "price": 9.5, "lang": "en", "draft": false});
        let filter = AttributeFilter::parse(filter).unwrap();
        filter.accepts(attributes.as_object().unwrap())
    }

    fn one(kind: &str, key: &str, value: impl Into<Value>) -> Value {
        let value = value.into();
        json!({"type": kind, "key": key, "value": value})
    }

    #[test]
    fn each_comparison_says_what_it_says() {
        for (kind, key, value, accepted) in [
            ("eq", "year", json!(2024), true),
            ("eq", "year", json!(2024.0), true),
            ("eq", "year", json!("2024"), false),
            ("eq", "none", json!(1), false),
            ("ne", "lang", json!("de"), true),
            ("ne", "lang", json!("en"), false),
            ("ne", "none", json!("en"), true),
            ("gt", "year", json!(2023), true),
            ("gt", "year", json!(2024), false),
            ("gt", "lang", json!(1), false),
            ("gte", "price", json!(9.5), true),
            ("gte", "none", json!(0), false),
            ("lt", "price", json!(10), true),
            ("lt", "lang", json!("fr"), true),
            ("lte", "year", json!(2023), false),
            ("lte", "year", json!(2024), true),
            ("eq", "draft", json!(false), true),
            ("in", "lang", json!(["de", "en"]), true),
            ("in", "lang", json!([]), false),
            ("in", "none", json!(["en"]), false),
            ("nin", "lang", json!(["de"]), true),
            ("nin", "lang", json!(["en"]), false),
            ("nin", "none", json!(["en"]), true),
        ] {
            let filter = one(kind, key, value);
            assert_eq!(accepts(&filter), accepted, "{filter}");
        }
    }

    #[test]
    fn filters_are_put_together() {
        let (yes, no) = (
            one("eq", "lang", json!("en")),
            one("eq", "lang", json!("de")),
        );
        for (kind, within, accepted) in [
            ("and", json!([yes, yes]), true),
            ("and", json!([yes, no]), false),
            ("and", json!([]), true),
            ("or", json!([no, yes]), true),
            ("or", json!([no, no]), false),
            ("or", json!([]), false),
            (
                "and",
                json!([yes, {"type": "or", "filters": [no, yes]}]),
                true,
            ),
        ] {
            let filter = json!({"type": kind, "filters": within});
            assert_eq!(accepts(&filter), accepted, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_at_its_field() {
        let mut deep = one("eq", "a", json!(1));
        for _ in 0..DOCUMENT_FILTER_DEPTH_MAX {
            deep = json!({"type": "and", "filters": [deep]});
        }
        let many = vec![one("eq", "a", json!(1)); DOCUMENT_FILTERS_MAX];
        for (filter, at) in [
            (json!([]), ""),
            (json!({}), "type"),
            (one("like", "a", json!(1)), "type"),
            (json!({"type": "eq", "value": 1}), "key"),
            (json!({"type": "eq", "key": "a"}), "value"),
            (one("eq", "a", json!([1])), "value"),
            (one("in", "a", json!(1)), "value"),
            (one("in", "a", json!([[1]])), "value"),
            (json!({"type": "or"}), "filters"),
            (
                json!({"type": "or", "filters": [one("eq", "a", json!(1)), 5]}),
                "filters[1]",
            ),
            (
                json!({"type": "or", "filters": [{"type": "and", "filters": [{"type": "eq"}]}]}),
                "filters[0].filters[0].key",
            ),
            (json!({"type": "or", "filters": many}), "filters[63]"),
        ] {
            let refused = AttributeFilter::parse(&filter).unwrap_err();
            assert_eq!(refused.at, at, "{filter}");
        }
        assert!(AttributeFilter::parse(&deep).is_err());
    }
}
