use jan_domain::ports::{DocumentHit, DocumentQuery};
use serde_json::{Map, Value};
use sqlx::FromRow;
use sqlx::types::Json;

use super::reader::DocumentReader;
use crate::error::ReadError;

#[derive(FromRow)]
pub(super) struct Found {
    ordinal: i32,
    name: String,
    #[sqlx(json)]
    metadata: Map<String, Value>,
    #[sqlx(json)]
    tags: Vec<String>,
    body: String,
    snippet: String,
    score: f32,
}

impl DocumentReader {
    /// The passages of the owner's documents that have the words, best first.
    pub async fn search(&self, query: &DocumentQuery) -> Result<Vec<DocumentHit>, ReadError> {
        let rows: Vec<Found> = sqlx::query_as(include_str!("search.sql"))
            .bind(&query.text)
            .bind(query.owner.tenant.as_str())
            .bind(query.owner.account.as_str())
            .bind(&query.names)
            .bind(Json(&query.tags))
            .bind(i64::from(query.limit))
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(DocumentHit::from).collect())
    }
}

impl From<Found> for DocumentHit {
    fn from(row: Found) -> Self {
        Self {
            name: row.name,
            passage: row.ordinal,
            text: row.body,
            snippet: row.snippet,
            score: row.score,
            metadata: row.metadata,
            tags: row.tags,
        }
    }
}
