use std::sync::Arc;

use jan_domain::id::ResponseId;
use jan_domain::ports::Seal;
use sqlx::PgPool;

use crate::run::ServerKeys;

/// What opens the doors of a run's tool servers, sealed, for as long as the run is open.
#[derive(Clone)]
pub(crate) struct RunSecrets {
    pool: PgPool,
    seal: Arc<dyn Seal>,
}

impl RunSecrets {
    /// The secrets in this database, under this seal.
    pub(crate) fn new(pool: PgPool, seal: Arc<dyn Seal>) -> Self {
        Self { pool, seal }
    }

    /// Keeps the keys of a run.
    pub(crate) async fn keep(&self, id: &ResponseId, keys: &ServerKeys) -> Result<(), sqlx::Error> {
        let sealed = self.seal.seal(id.as_str(), keys.write().as_bytes());
        let sql = r"
            insert into run_secrets (response_id, sealed)
            values ($1, $2)
                on conflict (response_id) do nothing";
        sqlx::query(sql)
            .bind(id.as_str())
            .bind(sealed)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The keys of a run; none if it has none, or if they were sealed elsewhere.
    pub(crate) async fn find(&self, id: &ResponseId) -> Result<ServerKeys, sqlx::Error> {
        let sql = "select sealed from run_secrets where response_id = $1";
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let Some(sealed) = sealed else {
            return Ok(ServerKeys::default());
        };
        let opened = self.seal.open(id.as_str(), &sealed);
        let text = opened.and_then(|plain| String::from_utf8(plain).ok());
        let keys = text.as_deref().and_then(ServerKeys::read);
        if keys.is_none() {
            tracing::error!(response.id = %id, "the keys of a run's tool servers cannot be opened");
        }
        Ok(keys.unwrap_or_default())
    }

    /// Forgets the keys of a run that has ended.
    pub(crate) async fn forget(&self, id: &ResponseId) -> Result<(), sqlx::Error> {
        sqlx::query("delete from run_secrets where response_id = $1")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets the keys of runs that have ended without it: whoever carried them died just then, or
    /// they were ended from outside. So it does with those of requests that never became a run.
    pub(crate) async fn sweep(&self) -> Result<(), sqlx::Error> {
        let sql = r"
            delete from run_secrets as kept
             where exists (select
                             from events
                            where aggregate_type = 'response'
                              and aggregate_id = kept.response_id
                              and event_type in ('ResponseCancelled', 'ResponseCompleted',
                                                 'ResponseFailed', 'ResponseIncomplete'))
                or created_at < clock_timestamp() - interval '1 hour'
                   and not exists (select
                                     from events
                                    where aggregate_type = 'response'
                                      and aggregate_id = kept.response_id)";
        sqlx::query(sql).execute(&self.pool).await?;
        Ok(())
    }
}
