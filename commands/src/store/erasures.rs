use jan_domain::history::IMPERSONAL;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::{Owner, sealed};
use sqlx::{PgPool, Row};

/// For how long after an erasure it is looked again for what came late: longer than a paused process
/// can go on with what it had begun.
const LATE: &str = "1 day";

/// What an owner leaves beside the event log and the read models, and how its rows tell whose they are.
/// A table that holds something of owners has its line here.
const LEFT_BEHIND: &[(&str, Tells)] = &[
    ("stream_log", Tells::Response),
    ("effect_journal", Tells::Response),
    ("run_secrets", Tells::Response),
    ("snapshots", Tells::Stream),
    ("web_pages", Tells::Owner),
    ("passage_embeddings", Tells::Owner),
    ("code_sessions", Tells::Owner),
    ("idempotency_keys", Tells::Owner),
    ("tool_grants", Tells::Owner),
    ("awaited_authorizations", Tells::Owner),
];

/// By what a row belongs to somebody.
#[derive(Clone, Copy)]
enum Tells {
    /// It names its response, whose first event names the owner.
    Response,
    /// It names its stream, whose first event names the owner.
    Stream,
    /// It names the owner.
    Owner,
}

impl Tells {
    /// Deletes the rows of the owner `$2` in the tenant `$1`.
    fn deletion_from(self, table: &str) -> String {
        let (kind, stream) = match self {
            Self::Owner => {
                return format!("delete from {table} where (tenant_id, account_id) = ($1, $2)");
            }
            Self::Response => ("'response'", "response_id"),
            Self::Stream => ("left_behind.aggregate_type", "aggregate_id"),
        };
        format!(
            "delete from {table} as left_behind \
              using events as first \
              where first.aggregate_type = {kind} \
                and first.aggregate_id = left_behind.{stream} \
                and first.sequence = 1 \
                and (first.tenant_id, first.owner_id) = ($1, $2)"
        )
    }
}

/// The owners that are, or are being, erased.
#[derive(Debug, Clone)]
pub(crate) struct Erasures {
    pool: PgPool,
}

impl Erasures {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// From now on read models take in nothing of this owner, and its tokens are refused.
    pub(crate) async fn plan(&self, owner: &Owner) -> Result<(), sqlx::Error> {
        let sql = r"
            insert into erasures (tenant_id, account_id)
            values ($1, $2)
                on conflict do nothing";
        sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Deletes what the owner leaves beside the event log and the read models, and answers how many
    /// rows that were, table by table.
    pub(crate) async fn purge(
        &self,
        owner: &Owner,
    ) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        let mut purged = Vec::new();
        for (table, tells) in LEFT_BEHIND {
            let deleted = sqlx::query(&tells.deletion_from(table))
                .bind(owner.tenant.as_str())
                .bind(owner.account.as_str())
                .execute(&self.pool)
                .await?;
            purged.push((*table, deleted.rows_affected()));
        }
        Ok(purged)
    }

    /// How many events of an owner hold what it said and lie in the log unsealed, so that anybody who
    /// reads the log can read them: those of before there were keys, or without them.
    pub(crate) async fn count_readable(&self, owner: &Owner) -> Result<i64, sqlx::Error> {
        let sql = r"
            select count(*)
              from events
             where tenant_id = $1
               and owner_id = $2
               and event_type <> all($3)
               and not starts_with(payload::text, $4)";
        sqlx::query_scalar(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(IMPERSONAL)
            .bind(sealed::BEGINNING)
            .fetch_one(&self.pool)
            .await
    }

    /// Nothing is left to do.
    pub(crate) async fn finish(&self, owner: &Owner) -> Result<(), sqlx::Error> {
        let sql = r"
            update erasures
               set finished_at = coalesce(finished_at, clock_timestamp())
             where (tenant_id, account_id) = ($1, $2)";
        sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Owners whose erasure was begun and not finished.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Owner>, sqlx::Error> {
        self.owners("finished_at is null").await
    }

    /// Owners whose erasure was finished not long ago.
    pub(crate) async fn recent(&self) -> Result<Vec<Owner>, sqlx::Error> {
        let recent = format!("finished_at > clock_timestamp() - interval '{LATE}'");
        self.owners(&recent).await
    }

    async fn owners(&self, which: &str) -> Result<Vec<Owner>, sqlx::Error> {
        let sql = format!("select tenant_id, account_id from erasures where {which}");
        let rows = sqlx::query(&sql).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let account = AccountId::parse(row.try_get(1)?);
                Ok(Owner {
                    tenant: TenantId::new(row.try_get(0)?),
                    account: account.map_err(|error| sqlx::Error::Decode(error.into()))?,
                })
            })
            .collect()
    }
}
