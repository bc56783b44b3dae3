use chrono::NaiveDate;
use jan_domain::caller::Owner;
use sqlx::{FromRow, PgPool};

use crate::error::ReadError;

/// What an account used of one model.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct UsageRow {
    /// The model, as clients name it.
    pub model: String,
    /// Calls accepted.
    pub requests: i64,
    /// Of those, answered in full.
    pub completed: i64,
    /// Of those, cut short on our side.
    pub incomplete: i64,
    /// Of those, failed.
    pub failed: i64,
    /// Tokens shown to the model.
    pub input_tokens: i64,
    /// Of those, read from a cache.
    pub cached_tokens: i64,
    /// Tokens written by the model.
    pub output_tokens: i64,
    /// Of those, spent on thinking.
    pub reasoning_tokens: i64,
}

/// Runs of the whole deployment, by how far they got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct RunCounts {
    /// Not ended yet.
    pub in_progress: i64,
    /// Answered in full.
    pub completed: i64,
    /// Cut short on our side.
    pub incomplete: i64,
    /// Failed.
    pub failed: i64,
}

/// Answers questions about usage.
#[derive(Clone)]
pub struct UsageReader {
    pool: PgPool,
}

impl UsageReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The owner's usage by model, over the calls accepted on the UTC days `from` to `to`, both
    /// included.
    pub async fn totals(
        &self,
        owner: &Owner,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<UsageRow>, ReadError> {
        let sql = r"
            select model,
                   sum(requests)::bigint as requests,
                   sum(completed)::bigint as completed,
                   sum(incomplete)::bigint as incomplete,
                   sum(failed)::bigint as failed,
                   sum(input_tokens)::bigint as input_tokens,
                   sum(cached_tokens)::bigint as cached_tokens,
                   sum(output_tokens)::bigint as output_tokens,
                   sum(reasoning_tokens)::bigint as reasoning_tokens
              from usage
             where tenant_id = $1
               and account_id = $2
               and day between $3 and $4
             group by model
             order by model";
        let rows = sqlx::query_as(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(from)
            .bind(to)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows)
    }

    /// How many runs there ever were, by how far they got: for `/metrics`. Sums one row per
    /// account, model and day, so ask at the pace of a scrape and not of a request.
    pub async fn count_runs(&self) -> Result<RunCounts, ReadError> {
        let sql = r"
            select coalesce(sum(requests - completed - incomplete - failed), 0)::bigint
                     as in_progress,
                   coalesce(sum(completed), 0)::bigint as completed,
                   coalesce(sum(incomplete), 0)::bigint as incomplete,
                   coalesce(sum(failed), 0)::bigint as failed
              from usage";
        let counts = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        Ok(counts)
    }
}
