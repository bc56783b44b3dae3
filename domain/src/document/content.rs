use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Attributes, InvalidDocument};
use crate::caller::Owner;
use crate::id::DocumentId;
use crate::json::unstorable;
use crate::limits::{
    DOCUMENT_COLLECTION_CHARS_MAX, DOCUMENT_METADATA_BYTES_MAX, DOCUMENT_NAME_CHARS_MAX,
    DOCUMENT_TAG_CHARS_MAX, DOCUMENT_TAGS_MAX, DOCUMENT_TEXT_BYTES_MAX, ITEM_DEPTH_MAX,
};

/// What an owner calls a document: `document_id` at the doors. Two owners may use the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentName(String);

impl DocumentName {
    /// Takes a text of bounded length.
    pub fn parse(text: &str) -> Result<Self, InvalidDocument> {
        if fits(text, DOCUMENT_NAME_CHARS_MAX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDocument::Name)
        }
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stream of what this owner calls so. Nobody else comes to the same one.
    ///
    /// # Panics
    /// Never: a prefix and hex digits make an id.
    pub fn stream_of(&self, owner: &Owner) -> DocumentId {
        let mut hash = Sha256::new();
        for part in [owner.tenant.as_str(), owner.account.as_str(), &self.0] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut id = "doc_".to_owned();
        for byte in &hash.finalize()[..20] {
            write!(id, "{byte:02x}").expect("memory takes any text");
        }
        DocumentId::parse(&id).expect("a prefix and hex digits make an id")
    }
}

/// What a document says, and what its owner says about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentContent {
    /// What is searched.
    pub text: String,
    /// The owner's own fields, told with every result.
    pub metadata: Map<String, Value>,
    /// By which searches can be narrowed, each once, in order.
    pub tags: BTreeSet<String>,
    /// The collection it belongs to, if to any: OpenAI's vector store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// By which searches are filtered.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl DocumentContent {
    /// Takes what is within the limits.
    pub fn try_new(
        text: &str,
        metadata: Map<String, Value>,
        tags: BTreeSet<String>,
    ) -> Result<Self, InvalidDocument> {
        let says_something = text.chars().any(|c| !c.is_whitespace());
        if !says_something || text.len() > DOCUMENT_TEXT_BYTES_MAX || text.contains('\0') {
            return Err(InvalidDocument::Text);
        }
        let mut tag_list = tags.iter();
        if tags.len() > DOCUMENT_TAGS_MAX || !tag_list.all(|tag| fits(tag, DOCUMENT_TAG_CHARS_MAX))
        {
            return Err(InvalidDocument::Tags);
        }
        let metadata = Value::Object(metadata);
        let written = metadata.to_string();
        let storable = unstorable(&written).is_none() && depth(&metadata) <= ITEM_DEPTH_MAX;
        match metadata {
            Value::Object(metadata) if storable && written.len() <= DOCUMENT_METADATA_BYTES_MAX => {
                Ok(Self {
                    text: text.to_owned(),
                    metadata,
                    tags,
                    collection: None,
                    attributes: Attributes::default(),
                })
            }
            _ => Err(InvalidDocument::Metadata),
        }
    }

    /// The same in a collection.
    pub fn in_collection(mut self, name: &str) -> Result<Self, InvalidDocument> {
        if !fits(name, DOCUMENT_COLLECTION_CHARS_MAX) {
            return Err(InvalidDocument::Collection);
        }
        self.collection = Some(name.to_owned());
        Ok(self)
    }

    /// The same with attributes.
    #[must_use]
    pub fn with_attributes(self, attributes: Attributes) -> Self {
        Self { attributes, ..self }
    }
}

fn fits(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn depth(value: &Value) -> usize {
    let within = match value {
        Value::Array(list) => list.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + within.unwrap_or_default()
}
