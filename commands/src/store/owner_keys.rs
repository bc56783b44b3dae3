use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use jan_domain::Owner;
use jan_domain::ports::{KeyFailure, KeyState, Keyring, MasterKeys, OwnerKey, WrappedKey};
use quick_cache::sync::Cache;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// Keys that are remembered unwrapped; of more, the least used are looked up again.
const REMEMBERED_MAX: usize = 20_000;
/// How often a node asks which keys were destroyed: so long it may still open what they sealed.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How far each question reaches back before the last answer, for destructions not yet committed.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// The keys of owners in this database, wrapped by master keys that are not. Cheap to clone.
#[derive(Clone)]
pub struct OwnerKeys(Arc<Inner>);

struct Inner {
    pool: PgPool,
    masters: Arc<dyn MasterKeys>,
    /// Whether what is new is sealed.
    sealing: bool,
    by_owner: Cache<Owner, OwnerKey>,
    by_id: Cache<String, KeyState>,
}

pub(super) const COLUMNS: &str = "key_id, tenant_id, account_id, master_key_id, wrapped";

/// One row.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) key_id: String,
    tenant_id: String,
    account_id: String,
    pub(super) master_key_id: Option<String>,
    pub(super) wrapped: Option<Vec<u8>>,
}

/// A key is wrapped by a master key that this node does not have.
#[derive(Debug, thiserror::Error)]
#[error(
    "keys of owners in this database are wrapped by the master key {0}, which is not here: name it in \
     keys.master_key_file or keys.master_keys (JAN_MASTER_KEY), after the newest"
)]
pub struct UnknownMasterKey(String);

impl OwnerKeys {
    /// The keys in this database. Unless `sealing`, they only open what was sealed before.
    pub fn new(pool: PgPool, masters: Arc<dyn MasterKeys>, sealing: bool) -> Self {
        Self(Arc::new(Inner {
            pool,
            masters,
            sealing,
            by_owner: Cache::new(REMEMBERED_MAX),
            by_id: Cache::new(REMEMBERED_MAX),
        }))
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub(super) fn masters(&self) -> &dyn MasterKeys {
        self.0.masters.as_ref()
    }

    /// The name of the master key that wraps what is new.
    pub(super) fn first_master(&self) -> &str {
        self.0.masters.names().first().copied().unwrap_or_default()
    }

    /// Fails if a key in this database could not be unwrapped here.
    pub async fn require_masters(&self) -> Result<(), KeyFailure> {
        let sql = r"
            select master_key_id
              from owner_keys
             where master_key_id <> all($1)
             limit 1";
        let strange: Option<String> = sqlx::query_scalar(sql)
            .bind(self.0.masters.names())
            .fetch_optional(&self.0.pool)
            .await
            .map_err(failure)?;
        match strange {
            None => Ok(()),
            Some(name) => Err(failure(UnknownMasterKey(name))),
        }
    }

    /// Forgets keys that other nodes destroy, until told to stop.
    pub async fn keep_forgetting(self, stop: CancellationToken) {
        let mut since = DateTime::UNIX_EPOCH;
        while !stop.is_cancelled() {
            match self.forget_destroyed(since).await {
                Ok(asked_at) => since = asked_at - LOOK_BACK,
                Err(error) => {
                    tracing::warn!(error = %error, "which keys were destroyed is not known now");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
    }

    /// Forgets what was destroyed since then, and answers when that was asked, on the database's
    /// clock.
    async fn forget_destroyed(&self, since: DateTime<Utc>) -> Result<DateTime<Utc>, sqlx::Error> {
        let sql = r"
            select key_id, tenant_id, account_id, master_key_id, wrapped
              from owner_keys
             where destroyed_at >= $1";
        let asked_at = sqlx::query_scalar("select clock_timestamp()")
            .fetch_one(&self.0.pool)
            .await?;
        let rows: Vec<Row> = sqlx::query_as(sql)
            .bind(since)
            .fetch_all(&self.0.pool)
            .await?;
        for row in rows {
            self.forget(row);
        }
        Ok(asked_at)
    }

    fn forget(&self, row: Row) {
        self.0.by_owner.remove(&row.owner());
        self.0.by_id.insert(row.key_id, KeyState::Destroyed);
    }

    /// Destroys the key of an owner for good, whether or not it ever had one.
    pub async fn destroy(&self, owner: &Owner) -> Result<(), sqlx::Error> {
        let sql = r"
            insert into owner_keys (key_id, tenant_id, account_id, destroyed_at)
            values ($1, $2, $3, clock_timestamp())
                on conflict (tenant_id, account_id) do update
               set wrapped = null,
                   master_key_id = null,
                   destroyed_at = coalesce(owner_keys.destroyed_at, clock_timestamp())
            returning key_id, tenant_id, account_id, master_key_id, wrapped";
        let row: Row = sqlx::query_as(sql)
            .bind(fresh_id())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_one(&self.0.pool)
            .await?;
        self.forget(row);
        Ok(())
    }

    /// Finds the owner's key or makes it, in one statement. Of several nodes that make it at once,
    /// one does, and all take it.
    async fn find_or_make(&self, owner: &Owner) -> Result<OwnerKey, KeyFailure> {
        let sql = r"
            with made as (
                insert into owner_keys (key_id, tenant_id, account_id, master_key_id, wrapped)
                values ($1, $2, $3, $4, $5)
                    on conflict (tenant_id, account_id) do nothing
                returning key_id, tenant_id, account_id, master_key_id, wrapped)
            select key_id, tenant_id, account_id, master_key_id, wrapped from made
             union all
            select key_id, tenant_id, account_id, master_key_id, wrapped
              from owner_keys
             where (tenant_id, account_id) = ($2, $3)";
        let (_, fresh) = self.0.masters.make(&context(owner));
        loop {
            let row: Option<Row> = sqlx::query_as(sql)
                .bind(fresh_id())
                .bind(owner.tenant.as_str())
                .bind(owner.account.as_str())
                .bind(&fresh.master)
                .bind(&fresh.wrapped)
                .fetch_optional(&self.0.pool)
                .await
                .map_err(failure)?;
            // Somebody else made it while the statement ran: now it can be seen.
            let Some(row) = row else { continue };
            let id: Arc<str> = row.key_id.as_str().into();
            return match self.remember(&row)? {
                KeyState::Held(seal) => Ok(OwnerKey { id, seal }),
                KeyState::Destroyed => {
                    let (seal, _kept_by_nobody) = self.0.masters.make(&context(owner));
                    Ok(OwnerKey { id, seal })
                }
            };
        }
    }

    fn remember(&self, row: &Row) -> Result<KeyState, KeyFailure> {
        let state = self.unwrap(row)?;
        if let KeyState::Held(seal) = &state {
            let (id, seal) = (row.key_id.as_str().into(), Arc::clone(seal));
            self.0.by_owner.insert(row.owner(), OwnerKey { id, seal });
        }
        self.0.by_id.insert(row.key_id.clone(), state.clone());
        Ok(state)
    }

    fn unwrap(&self, row: &Row) -> Result<KeyState, KeyFailure> {
        let (Some(master), Some(wrapped)) = (&row.master_key_id, &row.wrapped) else {
            return Ok(KeyState::Destroyed);
        };
        let wrapped = WrappedKey {
            master: master.clone(),
            wrapped: wrapped.clone(),
        };
        let seal = self.0.masters.unwrap(&context(&row.owner()), &wrapped);
        let seal = seal.ok_or_else(|| unknown(master))?;
        Ok(KeyState::Held(seal))
    }

    async fn look_up(&self, ids: &[String]) -> Result<HashMap<String, KeyState>, KeyFailure> {
        let sql = r"
            select key_id, tenant_id, account_id, master_key_id, wrapped
              from owner_keys
             where key_id = any($1)";
        let rows: Vec<Row> = sqlx::query_as(sql)
            .bind(ids)
            .fetch_all(&self.0.pool)
            .await
            .map_err(failure)?;
        rows.iter()
            .map(|row| Ok((row.key_id.clone(), self.remember(row)?)))
            .collect()
    }
}

impl Keyring for OwnerKeys {
    fn key_of<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Option<OwnerKey>, KeyFailure>> {
        Box::pin(async move {
            if !self.0.sealing {
                return Ok(None);
            }
            if let Some(key) = self.0.by_owner.get(owner) {
                return Ok(Some(key));
            }
            self.find_or_make(owner).await.map(Some)
        })
    }

    fn remembered(&self, id: &str) -> Option<KeyState> {
        self.0.by_id.get(id)
    }

    fn find<'a>(
        &'a self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, KeyState>, KeyFailure>> {
        Box::pin(self.look_up(ids))
    }
}

impl Row {
    pub(super) fn owner(&self) -> Owner {
        Owner {
            tenant: jan_domain::id::TenantId::new(&self.tenant_id),
            account: jan_domain::id::AccountId::parse(&self.account_id)
                .expect("only ids of accounts are written here"),
        }
    }
}

/// What a wrapped key is bound to: it is no use in somebody else's row.
pub(super) fn context(owner: &Owner) -> String {
    format!("{}\n{}", owner.tenant.as_str(), owner.account)
}

fn fresh_id() -> String {
    format!("dk_{:032x}", rand::random::<u128>())
}

pub(super) fn failure(error: impl std::error::Error + Send + Sync + 'static) -> KeyFailure {
    KeyFailure(Box::new(error))
}

pub(super) fn unknown(master: &str) -> KeyFailure {
    failure(UnknownMasterKey(master.to_owned()))
}
