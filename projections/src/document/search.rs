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
    collection: Option<String>,
    #[sqlx(json)]
    attributes: Map<String, Value>,
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
            .bind(&query.collections)
            .bind(self.accepted(query).await?)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(DocumentHit::from).collect())
    }

    /// The documents that the filter of a query accepts; `None` without one. What one owner may keep
    /// bounds how many are looked at.
    pub(super) async fn accepted(
        &self,
        query: &DocumentQuery,
    ) -> Result<Option<Vec<String>>, ReadError> {
        let Some(filter) = &query.filter else {
            return Ok(None);
        };
        let sql = r"
            select document_id, metadata, attributes
              from documents
             where tenant_id = $1
               and account_id = $2
               and (cardinality($3::text[]) = 0 or collection = any($3))";
        let rows: Vec<(String, Json<Fields>, Json<Fields>)> = sqlx::query_as(sql)
            .bind(query.owner.tenant.as_str())
            .bind(query.owner.account.as_str())
            .bind(&query.collections)
            .fetch_all(&self.pool)
            .await?;
        let accepted = rows.into_iter().filter(|(_, metadata, attributes)| {
            filter.accepts(&DocumentQuery::attributes_of(metadata, attributes))
        });
        Ok(Some(accepted.map(|(id, ..)| id).collect()))
    }
}

type Fields = Map<String, Value>;

impl From<Found> for DocumentHit {
    fn from(row: Found) -> Self {
        Self {
            name: row.name,
            passage: row.ordinal,
            text: row.body,
            snippet: row.snippet,
            score: row.score,
            attributes: DocumentQuery::attributes_of(&row.metadata, &row.attributes),
            collection: row.collection,
            metadata: row.metadata,
            tags: row.tags,
        }
    }
}
