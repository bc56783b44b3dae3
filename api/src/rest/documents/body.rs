use chrono::{DateTime, Utc};
use jan_domain::id::DocumentId;
use jan_projections::DocumentRow;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A document as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentBody {
    /// Of the object: it follows from its owner and its name.
    #[schema(value_type = String)]
    id: DocumentId,
    /// `document`
    object: &'static str,
    /// What its owner calls it.
    document_id: String,
    /// The owner's own fields.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// By which searches can be narrowed.
    tags: Vec<String>,
    /// The collection it belongs to: OpenAI's vector store.
    collection: Option<String>,
    /// By which searches are filtered.
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Size of its text.
    bytes: i32,
    /// How many passages it is searched by.
    passages: i32,
    /// Since when it says what it says.
    indexed_at: DateTime<Utc>,
}

impl From<DocumentRow> for DocumentBody {
    fn from(row: DocumentRow) -> Self {
        Self {
            id: row.id,
            object: "document",
            document_id: row.name,
            metadata: row.metadata,
            tags: row.tags,
            collection: row.collection,
            attributes: row.attributes,
            bytes: row.text_bytes,
            passages: row.passages,
            indexed_at: row.indexed_at,
        }
    }
}
