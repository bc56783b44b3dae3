use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ResponseId;
use jan_domain::user_metadata::UserMetadata;
use sqlx::types::Json as Encoded;
use sqlx::{PgPool, QueryBuilder};

use super::rows::ResponseRow;
use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

const COLUMNS: &str = r"
    response_id, surface, status, model, conversation_id, retention, metadata, request, answer,
    created_at, ended_at, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
    first_token_ms, total_ms, failure_kind, failure_message";

/// Answers questions about responses.
#[derive(Clone)]
pub struct ResponseReader {
    pub(super) pool: PgPool,
}

/// Which stored responses are wanted.
#[derive(Debug, Clone, Default)]
pub struct ResponseFilter {
    /// Only of this model.
    pub model: Option<String>,
    /// Only those that carry all of these pairs.
    pub metadata: UserMetadata,
}

impl ResponseReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// One response the caller chose to store, also while it is open and when it failed.
    pub async fn find_stored(
        &self,
        owner: &Owner,
        id: &ResponseId,
    ) -> Result<Option<ResponseRow>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from responses where retention = 'stored' and surface = 'chat_completions' and response_id = ")
            .push_bind(id.as_str())
            .push(" and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        let row = query.build_query_as().fetch_optional(&self.pool).await?;
        Ok(row)
    }

    /// The stored responses that have an answer, whole or cut short, by age.
    pub async fn list_stored(
        &self,
        owner: &Owner,
        filter: &ResponseFilter,
        request: &PageRequest<ResponseId>,
    ) -> Result<Page<ResponseRow>, ListError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from responses where retention = 'stored' and surface = 'chat_completions'")
            .push(" and status in ('completed', 'incomplete') and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        if let Some(model) = &filter.model {
            query.push(" and model = ").push_bind(model);
        }
        if !filter.metadata.is_empty() {
            query
                .push(" and metadata @> ")
                .push_bind(Encoded(&filter.metadata));
        }
        let after = match &request.after {
            Some(after) => Some((self.created_at(owner, after).await?, after.as_str())),
            None => None,
        };
        request.push_by_age(&mut query, ("created_at", "response_id"), after);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(Page::cut(rows, request.limit()))
    }

    async fn created_at(&self, owner: &Owner, id: &ResponseId) -> Result<DateTime<Utc>, ListError> {
        let row = self.find_stored(owner, id).await?;
        let row = row.ok_or_else(|| ListError::UnknownCursor(id.to_string()))?;
        Ok(row.created_at)
    }
}
