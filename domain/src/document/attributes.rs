use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::InvalidDocument;
use crate::limits::{
    DOCUMENT_ATTRIBUTE_CHARS_MAX, DOCUMENT_ATTRIBUTE_KEY_CHARS_MAX, DOCUMENT_ATTRIBUTES_MAX,
};

/// What a document is, in few and simple values, by which searches are filtered: OpenAI's attributes
/// of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Map<String, Value>);

impl Attributes {
    /// Takes texts, numbers and yes or no, as many and as long as OpenAI does.
    pub fn try_new(fields: Map<String, Value>) -> Result<Self, InvalidDocument> {
        let key_fits = |key: &str| {
            (1..=DOCUMENT_ATTRIBUTE_KEY_CHARS_MAX).contains(&key.chars().count())
                && !key.chars().any(char::is_control)
        };
        let value_fits = |value: &Value| match value {
            Value::String(text) => {
                text.chars().count() <= DOCUMENT_ATTRIBUTE_CHARS_MAX && !text.contains('\0')
            }
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        let mut all = fields.iter();
        if fields.len() <= DOCUMENT_ATTRIBUTES_MAX
            && all.all(|(key, value)| key_fits(key) && value_fits(value))
        {
            Ok(Self(fields))
        } else {
            Err(InvalidDocument::Attributes)
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}
