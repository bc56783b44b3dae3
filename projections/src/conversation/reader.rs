use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ConversationId;
use jan_domain::ports::{Keyring, NoKeys};
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::rows::ConversationRow;
use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

/// Answers questions about conversations.
#[derive(Clone)]
pub struct ConversationReader {
    pub(super) pool: PgPool,
    pub(super) keyring: Arc<dyn Keyring>,
}

/// Part of an owner's conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationList {
    /// The part.
    pub page: Page<ConversationRow>,
    /// How many there are in all, under the same filter.
    pub total: i64,
}

impl ConversationReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        let keyring = Arc::new(NoKeys);
        Self { pool, keyring }
    }

    /// Opens what is sealed of streams, as far as these keys do.
    #[must_use]
    pub fn opening(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, ..self }
    }

    /// One conversation.
    pub async fn find(
        &self,
        owner: &Owner,
        id: &ConversationId,
    ) -> Result<Option<ConversationRow>, ReadError> {
        let sql = r"
            select conversation_id, title, referrer, metadata, created_at, updated_at
              from conversations
             where conversation_id = $1
               and tenant_id = $2
               and account_id = $3";
        let row = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row)
    }

    /// The owner's conversations by age, optionally only those of one referrer.
    pub async fn list(
        &self,
        owner: &Owner,
        referrer: Option<&str>,
        request: &PageRequest<ConversationId>,
    ) -> Result<ConversationList, ListError> {
        let mut query = QueryBuilder::new(
            "select conversation_id, title, referrer, metadata, created_at, updated_at \
               from conversations",
        );
        push_where(&mut query, owner, referrer);
        let after = match &request.after {
            Some(after) => Some((self.created_at(owner, after).await?, after.as_str())),
            None => None,
        };
        request.push_by_age(&mut query, ("created_at", "conversation_id"), after);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(ConversationList {
            page: Page::cut(rows, request.limit()),
            total: self.count(owner, referrer).await?,
        })
    }

    async fn created_at(
        &self,
        owner: &Owner,
        id: &ConversationId,
    ) -> Result<DateTime<Utc>, ListError> {
        let row = self.find(owner, id).await?;
        let row = row.ok_or_else(|| ListError::UnknownCursor(id.to_string()))?;
        Ok(row.created_at)
    }

    async fn count(&self, owner: &Owner, referrer: Option<&str>) -> Result<i64, ReadError> {
        let mut query = QueryBuilder::new("select count(*) from conversations");
        push_where(&mut query, owner, referrer);
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }
}

fn push_where<'q>(
    query: &mut QueryBuilder<'q, Postgres>,
    owner: &'q Owner,
    referrer: Option<&'q str>,
) {
    query
        .push(" where tenant_id = ")
        .push_bind(owner.tenant.as_str())
        .push(" and account_id = ")
        .push_bind(owner.account.as_str());
    if let Some(referrer) = referrer {
        query.push(" and referrer = ").push_bind(referrer);
    }
}
