use chrono::{DateTime, Utc};
use jan_domain::caller::{CallerKind, Owner};
use jan_domain::id::SessionId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};

use crate::error::ReadError;
use crate::stored_name;

/// An account as it is shown to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its name.
    pub username: String,
    /// What the deployment knows of it.
    pub kind: CallerKind,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for AccountRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            username: row.try_get("username")?,
            kind: stored_name::read(row, "kind")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// Answers questions about accounts.
#[derive(Clone)]
pub struct AccountReader {
    pool: PgPool,
}

impl AccountReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The owner's own account.
    pub async fn find(&self, owner: &Owner) -> Result<Option<AccountRow>, ReadError> {
        let sql = r"
            select username, kind, created_at
              from accounts
             where account_id = $1
               and tenant_id = $2";
        let row = sqlx::query_as(sql)
            .bind(owner.account.as_str())
            .bind(owner.tenant.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row)
    }

    /// Whether the session was ended, or its owner is being erased, so that its access tokens are
    /// refused before they expire.
    pub async fn session_is_closed(
        &self,
        owner: &Owner,
        session: &SessionId,
    ) -> Result<bool, ReadError> {
        let sql = r"
            select exists (select from closed_sessions
                            where session_id = $1)
                or exists (select from erasures
                            where (tenant_id, account_id) = ($2, $3))";
        let closed = sqlx::query_scalar(sql)
            .bind(session.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(closed)
    }
}

/// The stored name of a kind of caller.
pub(super) fn kind_name(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::Guest => "guest",
        CallerKind::User => "user",
        CallerKind::Service => "service",
        CallerKind::Admin => "admin",
    }
}
