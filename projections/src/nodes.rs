use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::ReadError;

/// A server process that shows signs of life.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NodeRow {
    /// Never used twice.
    #[sqlx(rename = "node_id")]
    pub id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it counts as dead unless it shows another sign.
    pub expires_at: DateTime<Utc>,
}

/// Answers which processes live.
#[derive(Clone)]
pub struct NodeReader {
    pool: PgPool,
}

impl NodeReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// All that live, the oldest first.
    pub async fn list(&self) -> Result<Vec<NodeRow>, ReadError> {
        let sql = r"
            select node_id, started_at, expires_at
              from nodes
             where expires_at > clock_timestamp()
             order by started_at, node_id";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }
}
