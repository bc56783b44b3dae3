use async_graphql::{ID, Json, Object};
use chrono::{DateTime, Utc};
use jan_projections::DocumentRow;
use serde_json::Value;

/// A document as it is searched.
pub(in crate::graphql) struct Document(pub(super) DocumentRow);

/// A document that you keep to be searched.
#[Object]
impl Document {
    /// `doc_…`, as in the REST API.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.0.id.as_str().into()
    }

    /// What you call it: `document_id` of the tools.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Your own fields.
    async fn metadata(&self) -> Json<Value> {
        Json(self.0.metadata.clone().into())
    }

    /// By which searches can be narrowed.
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// The collection it belongs to: OpenAI's vector store.
    async fn collection(&self) -> Option<&str> {
        self.0.collection.as_deref()
    }

    /// By which searches are filtered.
    async fn attributes(&self) -> Json<Value> {
        Json(self.0.attributes.clone().into())
    }

    /// Size of its text.
    async fn bytes(&self) -> i32 {
        self.0.text_bytes
    }

    /// How many passages it is searched by.
    async fn passages(&self) -> i32 {
        self.0.passages
    }

    /// Since when it says what it says.
    async fn indexed_at(&self) -> DateTime<Utc> {
        self.0.indexed_at
    }
}
