use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::{Map, Value};

use super::ReadFailure;
use crate::caller::Owner;
use crate::document::{AttributeFilter, DocumentContent, DocumentName};
use crate::metadata::Request;

/// Documents that their owners have given to be searched. Nobody sees anybody else's.
pub trait DocumentStore: Send + Sync {
    /// Keeps a document in place of what its owner called so before, because of a request. Searches that begin afterwards
    /// find it.
    fn index<'a>(
        &'a self,
        by: (&'a Owner, &'a Request),
        name: DocumentName,
        content: DocumentContent,
    ) -> BoxFuture<'a, Result<IndexedDocument, DocumentFailure>>;

    /// The passages of the owner's documents that say what is asked, best first.
    fn query<'a>(
        &'a self,
        query: &'a DocumentQuery,
    ) -> BoxFuture<'a, Result<DocumentHits, DocumentFailure>>;
}

/// A document that was indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedDocument {
    /// Since when it says what it says.
    pub indexed_at: DateTime<Utc>,
    /// Whether it said so before.
    pub unchanged: bool,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentQuery {
    /// Whose documents are searched.
    pub owner: Owner,
    /// Words, as people type them into a search box.
    pub text: String,
    /// Only in documents of these names; in all when empty.
    pub names: Vec<String>,
    /// Only in documents that have all these tags.
    pub tags: Vec<String>,
    /// Only in documents of these collections; in all when empty.
    pub collections: Vec<String>,
    /// Only in documents that it accepts.
    pub filter: Option<AttributeFilter>,
    /// Only passages that fit at least so well; 0 takes all.
    pub score_min: f32,
    /// So many passages.
    pub limit: u32,
}

impl DocumentQuery {
    /// What a filter looks at: the attributes, and simple fields of a document that has no attribute
    /// of the name.
    pub fn attributes_of(
        metadata: &Map<String, Value>,
        attributes: &Map<String, Value>,
    ) -> Map<String, Value> {
        let simple = metadata.iter();
        let simple =
            simple.filter(|(_, value)| !value.is_object() && !value.is_array() && !value.is_null());
        let simple = simple.chain(attributes);
        simple
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// How passages were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMode {
    /// By their words.
    Text,
    /// By their words and by their meaning.
    Hybrid,
}

impl SearchMode {
    /// As it is told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hybrid => "hybrid",
        }
    }
}

/// What was found, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentHits {
    /// Which ways of searching have answered.
    pub mode: SearchMode,
    /// Whether everything was searched that was kept before the search.
    pub complete: bool,
    /// Passages that could not be looked for by their meaning, because it is not known yet. `None`
    /// if none were looked for so.
    pub unembedded: Option<u64>,
    /// Best first.
    pub hits: Vec<DocumentHit>,
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentHit {
    /// The document's name.
    pub name: String,
    /// The passage's place in it, from 0.
    pub passage: i32,
    /// What the passage says.
    pub text: String,
    /// The part of it that says what is asked.
    pub snippet: String,
    /// How well it fits; larger is better.
    pub score: f32,
    /// Of the document.
    pub metadata: Map<String, Value>,
    /// Of the document.
    pub tags: Vec<String>,
    /// Of the document.
    pub collection: Option<String>,
    /// What filters of the document look at.
    pub attributes: Map<String, Value>,
}

/// Why documents could not be kept or searched.
#[derive(Debug, thiserror::Error)]
pub enum DocumentFailure {
    /// The owner keeps as many as it may.
    #[error(
        "you keep as many documents as you may: {documents_max}, with {bytes_max} bytes of text together"
    )]
    Full {
        /// Documents of one owner.
        documents_max: u32,
        /// Bytes of their texts together.
        bytes_max: u64,
    },
    /// They cannot be read.
    #[error("documents cannot be read just now")]
    Unreadable(#[from] ReadFailure),
    /// They cannot be written; nothing was changed.
    #[error("documents cannot be written just now")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
