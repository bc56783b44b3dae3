//! The key-value pairs a client may hang on an object (`metadata` on the wire).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::{METADATA_KEY_CHARS_MAX, METADATA_PAIRS_MAX, METADATA_VALUE_CHARS_MAX};

/// At most 16 pairs of bounded texts, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserMetadata(BTreeMap<String, String>);

/// What is wrong with a metadata map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetadata {
    /// Beyond [`METADATA_PAIRS_MAX`].
    #[error("metadata may hold at most {METADATA_PAIRS_MAX} pairs")]
    TooManyPairs,
    /// Empty, or beyond [`METADATA_KEY_CHARS_MAX`].
    #[error("a metadata key must have 1 to {METADATA_KEY_CHARS_MAX} characters")]
    Key,
    /// Beyond [`METADATA_VALUE_CHARS_MAX`].
    #[error("the metadata value of '{key}' may have at most {METADATA_VALUE_CHARS_MAX} characters")]
    Value {
        /// Whose value it is.
        key: String,
    },
}

impl UserMetadata {
    /// Checks OpenAI's documented limits.
    pub fn parse(pairs: BTreeMap<String, String>) -> Result<Self, InvalidMetadata> {
        if pairs.len() > METADATA_PAIRS_MAX {
            return Err(InvalidMetadata::TooManyPairs);
        }
        for (key, value) in &pairs {
            if key.is_empty() || key.chars().count() > METADATA_KEY_CHARS_MAX {
                return Err(InvalidMetadata::Key);
            }
            if value.chars().count() > METADATA_VALUE_CHARS_MAX {
                return Err(InvalidMetadata::Value { key: key.clone() });
            }
        }
        Ok(Self(pairs))
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs in key order.
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}
