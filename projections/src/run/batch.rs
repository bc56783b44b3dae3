//! Many runs at once, each by one statement: what a page of them needs.

use std::collections::HashMap;

use jan_domain::caller::Owner;
use jan_domain::id::{ConversationId, ResponseId};
use sqlx::{FromRow as _, QueryBuilder};

use super::reader::{COLUMNS, RunReader};
use super::rows::RunRow;
use super::steps::StepRow;
use crate::error::ReadError;
use crate::projection::column;

impl RunReader {
    /// Those of these runs that the owner chose to store.
    pub async fn find_many(
        &self,
        owner: &Owner,
        ids: &[ResponseId],
    ) -> Result<Vec<RunRow>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from runs where retention = 'stored' and response_id = any(")
            .push_bind(column(ids, ResponseId::as_str))
            .push(") and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// The newest stored runs of each of these conversations, the newest first.
    pub async fn newest_of_many(
        &self,
        owner: &Owner,
        conversations: &[ConversationId],
        limit: usize,
    ) -> Result<Vec<RunRow>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from (select *, row_number() over (partition by conversation_id")
            .push(" order by created_at desc, response_id desc) as place")
            .push(" from runs where retention = 'stored' and conversation_id = any(")
            .push_bind(column(conversations, ConversationId::as_str))
            .push(") and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str())
            .push(") as ranked where place <= ")
            .push_bind(i64::try_from(limit).expect("a page is small"))
            .push(" order by created_at desc, response_id desc");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// The steps of runs that were found for their owner, in order.
    pub async fn steps_of_many(
        &self,
        runs: &[ResponseId],
    ) -> Result<HashMap<ResponseId, Vec<StepRow>>, ReadError> {
        let sql = r"
            select response_id, step_id, index, work, status, outcome, planned_at, ended_at, took_ms
              from run_steps
             where response_id = any($1)
             order by response_id, index";
        let rows = sqlx::query(sql)
            .bind(column(runs, ResponseId::as_str))
            .fetch_all(&self.pool)
            .await?;
        let mut steps: HashMap<ResponseId, Vec<StepRow>> = HashMap::new();
        for row in rows {
            let id = crate::stored_name::read(&row, "response_id")?;
            steps.entry(id).or_default().push(StepRow::from_row(&row)?);
        }
        Ok(steps)
    }
}
