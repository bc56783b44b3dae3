use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::DocumentId;
use serde_json::{Map, Value};
use sqlx::{PgPool, QueryBuilder};
use tokio::sync::OnceCell;

use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

/// A document as it is shown.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct DocumentRow {
    /// Its stream.
    #[sqlx(rename = "document_id", try_from = "String")]
    pub id: DocumentId,
    /// What its owner calls it.
    pub name: String,
    /// The owner's own fields.
    #[sqlx(json)]
    pub metadata: Map<String, Value>,
    /// By which searches can be narrowed.
    #[sqlx(json)]
    pub tags: Vec<String>,
    /// The collection it belongs to.
    pub collection: Option<String>,
    /// By which searches are filtered.
    #[sqlx(json)]
    pub attributes: Map<String, Value>,
    /// Size of its text.
    pub text_bytes: i32,
    /// How many passages it is searched by.
    pub passages: i32,
    /// Since when it says what it says.
    pub indexed_at: DateTime<Utc>,
}

/// How much an owner keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct DocumentShelf {
    /// Documents.
    pub documents: i64,
    /// Bytes of their texts together.
    pub text_bytes: i64,
}

/// Answers questions about documents.
#[derive(Clone)]
pub struct DocumentReader {
    pub(super) pool: PgPool,
    /// Whether the database has pgvector, once that has been asked.
    pub(super) pgvector: Arc<OnceCell<bool>>,
}

const COLUMNS: &str = "select document_id, name, metadata, tags, collection, attributes, text_bytes, passages, indexed_at \
     from documents";

impl DocumentReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            pgvector: Arc::default(),
        }
    }

    /// One document.
    pub async fn find(
        &self,
        owner: &Owner,
        id: &DocumentId,
    ) -> Result<Option<DocumentRow>, ReadError> {
        let sql =
            format!("{COLUMNS} where document_id = $1 and tenant_id = $2 and account_id = $3");
        let row = sqlx::query_as(&sql)
            .bind(id.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row)
    }

    /// The owner's documents, by the time they were last indexed.
    pub async fn list(
        &self,
        owner: &Owner,
        request: &PageRequest<DocumentId>,
    ) -> Result<Page<DocumentRow>, ListError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query
            .push(" where tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        let after = match &request.after {
            Some(after) => Some((self.indexed_at(owner, after).await?, after.as_str())),
            None => None,
        };
        request.push_by_age(&mut query, ("indexed_at", "document_id"), after);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(Page::cut(rows, request.limit()))
    }

    async fn indexed_at(&self, owner: &Owner, id: &DocumentId) -> Result<DateTime<Utc>, ListError> {
        let row = self.find(owner, id).await?;
        let row = row.ok_or_else(|| ListError::UnknownCursor(id.to_string()))?;
        Ok(row.indexed_at)
    }

    /// Which of these collections hold no document of the owner's, in the order given.
    pub async fn empty_collections(
        &self,
        owner: &Owner,
        names: &[String],
    ) -> Result<Vec<String>, ReadError> {
        let sql = r"
            select name
              from unnest($3::text[]) with ordinality as asked (name, place)
             where not exists (select from documents
                                where tenant_id = $1
                                  and account_id = $2
                                  and collection = asked.name)
             order by place";
        let empty = sqlx::query_scalar(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(names)
            .fetch_all(&self.pool)
            .await?;
        Ok(empty)
    }

    /// How much an owner keeps beside this document.
    pub async fn shelf_beside(
        &self,
        owner: &Owner,
        id: &DocumentId,
    ) -> Result<DocumentShelf, ReadError> {
        let sql = r"
            select count(*) as documents, coalesce(sum(text_bytes), 0) as text_bytes
              from documents
             where tenant_id = $1
               and account_id = $2
               and document_id <> $3";
        let held = sqlx::query_as(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(id.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(held)
    }
}
