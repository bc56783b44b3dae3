use chrono::{DateTime, Utc};
use jan_domain::caller::{CallerKind, Owner};
use jan_domain::id::{AccountId, SessionId, TenantId};
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

/// An account as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEntry {
    /// Tenant and id.
    pub owner: Owner,
    /// The stored name of its kind.
    pub kind: String,
    /// Its name.
    pub username: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

/// How much belongs to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Holdings {
    /// Conversations.
    pub conversations: i64,
    /// Items in them.
    pub items: i64,
    /// Model calls.
    pub responses: i64,
    /// Responses of several steps.
    pub runs: i64,
    /// Documents to search.
    pub documents: i64,
    /// Images and files.
    pub files: i64,
    /// Days and models with usage.
    pub usage_days: i64,
}

/// Answers questions about accounts.
#[derive(Clone)]
pub struct AccountReader {
    pub(super) pool: PgPool,
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

    /// All accounts, for operators: it sees every tenant.
    pub async fn list(&self) -> Result<Vec<AccountEntry>, ReadError> {
        let sql = r"
            select tenant_id, account_id, kind, username, created_at
              from accounts
             order by created_at, account_id";
        let rows: Vec<(String, String, String, String, DateTime<Utc>)> =
            sqlx::query_as(sql).fetch_all(&self.pool).await?;
        let entries = rows.into_iter().map(|row| {
            let account = AccountId::parse(&row.1);
            Ok(AccountEntry {
                owner: Owner {
                    tenant: TenantId::new(&row.0),
                    account: account.map_err(|error| sqlx::Error::Decode(error.into()))?,
                },
                kind: row.2,
                username: row.3,
                created_at: row.4,
            })
        });
        Ok(entries.collect::<Result<_, sqlx::Error>>()?)
    }

    /// How much belongs to an account.
    pub async fn holdings(&self, owner: &Owner) -> Result<Holdings, ReadError> {
        let sql = r"
            select (select count(*) from conversations
                     where (tenant_id, account_id) = ($1, $2)) as conversations,
                   (select count(*) from conversation_items join conversations using (conversation_id)
                     where (tenant_id, account_id) = ($1, $2)) as items,
                   (select count(*) from responses
                     where (tenant_id, account_id) = ($1, $2)) as responses,
                   (select count(*) from runs
                     where (tenant_id, account_id) = ($1, $2)) as runs,
                   (select count(*) from documents
                     where (tenant_id, account_id) = ($1, $2)) as documents,
                   (select count(*) from media
                     where (tenant_id, account_id) = ($1, $2)) as files,
                   (select count(*) from usage
                     where (tenant_id, account_id) = ($1, $2)) as usage_days";
        let holdings = sqlx::query_as(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(holdings)
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
