use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ResponseId;
use sqlx::{PgPool, QueryBuilder};

use super::rows::RunRow;
use super::steps::StepRow;
use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

pub(super) const COLUMNS: &str = r"
    response_id, status, model, background, retention, conversation_id, previous_response_id,
    node_id, epoch, request, input, output, metadata, created_at, ended_at, usage, timing,
    incomplete_reason, failure";

/// Answers questions about runs.
#[derive(Clone)]
pub struct RunReader {
    pub(super) pool: PgPool,
}

impl RunReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// One run the caller chose to store, from its acceptance to its deletion.
    pub async fn find_stored(
        &self,
        owner: &Owner,
        id: &ResponseId,
    ) -> Result<Option<RunRow>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from runs where retention = 'stored' and response_id = ")
            .push_bind(id.as_str())
            .push(" and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// The stored runs, by age.
    pub async fn list_stored(
        &self,
        owner: &Owner,
        request: &PageRequest<ResponseId>,
    ) -> Result<Page<RunRow>, ListError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from runs where retention = 'stored' and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        let after = match &request.after {
            Some(after) => Some((self.created_at(owner, after).await?, after.as_str())),
            None => None,
        };
        request.push_by_age(&mut query, ("created_at", "response_id"), after);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(Page::cut(rows, request.limit()))
    }

    /// The steps of a run that [`find_stored`](Self::find_stored) has found, in order.
    pub async fn steps_of(&self, run: &RunRow) -> Result<Vec<StepRow>, ReadError> {
        let sql = r"
            select step_id, index, work, status, outcome, planned_at, ended_at, took_ms
              from run_steps
             where response_id = $1
             order by index";
        let steps = sqlx::query_as(sql)
            .bind(run.id.as_str())
            .fetch_all(&self.pool)
            .await?;
        Ok(steps)
    }

    async fn created_at(&self, owner: &Owner, id: &ResponseId) -> Result<DateTime<Utc>, ListError> {
        let row = self.find_stored(owner, id).await?;
        let row = row.ok_or_else(|| ListError::UnknownCursor(id.to_string()))?;
        Ok(row.created_at)
    }
}
