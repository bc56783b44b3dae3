//! Scalars of ours.

use std::collections::BTreeMap;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jan_domain::UserMetadata;

/// A count or a number of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct BigInt(pub(super) i64);

/// A whole number that may be beyond 32 bits. On the wire it is a plain JSON number.
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::Number(number) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let whole = number.as_i64().map(Self);
        whole.ok_or_else(|| InputValueError::custom("expected a whole number of 64 bits"))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

impl From<u64> for BigInt {
    fn from(count: u64) -> Self {
        Self(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// The client's own pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub(super) struct Metadata(pub(super) BTreeMap<String, String>);

/// Up to 16 pairs of the client's own: an object whose values are strings, of keys of up to 64 and
/// values of up to 512 characters.
#[Scalar]
impl ScalarType for Metadata {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::Object(fields) = value else {
            return Err(InputValueError::expected_type(value));
        };
        let pairs = fields.into_iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key.to_string(), text)),
            _ => Err(InputValueError::custom(format!(
                "the value of '{key}' is not a string"
            ))),
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    fn to_value(&self) -> Value {
        let pairs = self.0.iter();
        Value::Object(
            pairs
                .map(|(key, value)| (async_graphql::Name::new(key), Value::from(value.as_str())))
                .collect(),
        )
    }
}

impl From<&UserMetadata> for Metadata {
    fn from(metadata: &UserMetadata) -> Self {
        Self(metadata.pairs().clone())
    }
}
