//! What opens tool servers to single callers. Beside the log, because the log forgets nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{
    AwaitedAnswer, Credential, GrantFailure, GrantKind, GrantRecord, GrantStore, KeyFailure,
    KeyState, Keyring, ToolGrant,
};
use jan_domain::sealed::{self, Place};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

/// The tables of grants and of answers that are awaited.
#[derive(Clone)]
pub struct ToolGrants {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
}

impl ToolGrants {
    /// The grants in this database, sealed under these keys.
    pub fn new(pool: PgPool, keyring: Arc<dyn Keyring>) -> Self {
        Self { pool, keyring }
    }

    async fn seal(
        &self,
        owner: &Owner,
        place: &Place<'_>,
        secret: &Credential,
    ) -> Result<String, GrantFailure> {
        let key = self.keyring.key_of(owner).await.map_err(keyless)?;
        let key = key.ok_or(GrantFailure::Unsealed)?;
        Ok(sealed::seal(place, &key, secret.reveal()))
    }

    /// Nothing, if the key is gone or the text is not ours: then there is no grant.
    async fn open(
        &self,
        place: &Place<'_>,
        text: &str,
    ) -> Result<Option<Credential>, GrantFailure> {
        let Some(Ok(found)) = sealed::find(text) else {
            return Ok(None);
        };
        let key = match self.keyring.remembered(found.key()) {
            None => {
                let ids = [found.key().to_owned()];
                let mut keys = self.keyring.find(&ids).await.map_err(keyless)?;
                keys.remove(found.key())
            }
            known => known,
        };
        let Some(KeyState::Held(seal)) = key else {
            return Ok(None);
        };
        Ok(found.open(place, seal.as_ref()).ok().map(Credential::new))
    }

    async fn found(&self, owner: &Owner, server: &str) -> Result<Option<ToolGrant>, GrantFailure> {
        let sql = r"
            select kind, scopes, expires_at, sealed
              from tool_grants
             where tenant_id = $1
               and account_id = $2
               and grant_id = $3";
        let id = grant_id(server);
        let row = sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(&id)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get("sealed").map_err(unavailable)?;
        let Some(secret) = self.open(&place("tool_grant", &id), &text).await? else {
            return Ok(None);
        };
        Ok(Some(ToolGrant {
            server: server.to_owned(),
            kind: kind(&row).map_err(unavailable)?,
            scopes: row.try_get("scopes").map_err(unavailable)?,
            expires_at: row.try_get("expires_at").map_err(unavailable)?,
            secret,
        }))
    }

    async fn kept(&self, owner: &Owner, grant: ToolGrant) -> Result<(), GrantFailure> {
        let id = grant_id(&grant.server);
        let place = place("tool_grant", &id);
        let sealed = self.seal(owner, &place, &grant.secret).await?;
        let sql = r"
            insert into tool_grants (tenant_id, account_id, grant_id, server, kind, scopes,
                                     expires_at, sealed)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (tenant_id, account_id, grant_id) do update
               set kind = excluded.kind,
                   scopes = excluded.scopes,
                   expires_at = excluded.expires_at,
                   sealed = excluded.sealed,
                   kept_at = excluded.kept_at";
        sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(&id)
            .bind(&grant.server)
            .bind(grant.kind.as_str())
            .bind(&grant.scopes)
            .bind(grant.expires_at)
            .bind(sealed)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn listed(&self, owner: &Owner) -> Result<Vec<GrantRecord>, sqlx::Error> {
        let sql = r"
            select grant_id, server, kind, scopes, kept_at, expires_at
              from tool_grants
             where tenant_id = $1
               and account_id = $2
             order by kept_at desc, grant_id";
        let rows = sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }

    async fn forgotten(&self, owner: &Owner, id: &str) -> Result<bool, sqlx::Error> {
        let sql = r"
            delete from tool_grants
             where tenant_id = $1
               and account_id = $2
               and grant_id = $3";
        let deleted = sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Those that nobody came back with are cleared away by the next.
    async fn await_one(&self, owner: &Owner, awaited: AwaitedAnswer) -> Result<(), GrantFailure> {
        let hash = state_hash(&awaited.state);
        let place = place("awaited_authorization", &hash);
        let sealed = self.seal(owner, &place, &awaited.secret).await?;
        sqlx::query("delete from awaited_authorizations where until < clock_timestamp()")
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        let sql = r"
            insert into awaited_authorizations (state_hash, tenant_id, account_id, server, sealed,
                                                until)
            values ($1, $2, $3, $4, $5, $6)";
        sqlx::query(sql)
            .bind(&hash)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(&awaited.server)
            .bind(sealed)
            .bind(awaited.until)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn awaited_one(
        &self,
        state: &str,
    ) -> Result<Option<(Owner, AwaitedAnswer)>, GrantFailure> {
        let sql = r"
            select tenant_id, account_id, server, sealed, until
              from awaited_authorizations
             where state_hash = $1
               and until > clock_timestamp()";
        let hash = state_hash(state);
        let row: Option<(String, String, String, String, DateTime<Utc>)> = sqlx::query_as(sql)
            .bind(&hash)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some((tenant, account, server, text, until)) = row else {
            return Ok(None);
        };
        let account = AccountId::parse(&account);
        let account = account.map_err(|error| unavailable(sqlx::Error::Decode(error.into())))?;
        let place = place("awaited_authorization", &hash);
        let Some(secret) = self.open(&place, &text).await? else {
            return Ok(None);
        };
        let owner = Owner {
            tenant: TenantId::new(&tenant),
            account,
        };
        let awaited = AwaitedAnswer {
            state: state.to_owned(),
            server,
            secret,
            until,
        };
        Ok(Some((owner, awaited)))
    }

    async fn taken(&self, state: &str) -> Result<bool, sqlx::Error> {
        let deleted = sqlx::query("delete from awaited_authorizations where state_hash = $1")
            .bind(state_hash(state))
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}

impl GrantStore for ToolGrants {
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Option<ToolGrant>, GrantFailure>> {
        self.found(owner, server).boxed()
    }

    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        grant: ToolGrant,
    ) -> BoxFuture<'a, Result<(), GrantFailure>> {
        self.kept(owner, grant).boxed()
    }

    fn list<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Vec<GrantRecord>, GrantFailure>> {
        self.listed(owner)
            .map(|listed| listed.map_err(unavailable))
            .boxed()
    }

    fn forget<'a>(
        &'a self,
        owner: &'a Owner,
        id: &'a str,
    ) -> BoxFuture<'a, Result<bool, GrantFailure>> {
        self.forgotten(owner, id)
            .map(|forgotten| forgotten.map_err(unavailable))
            .boxed()
    }

    fn await_answer<'a>(
        &'a self,
        owner: &'a Owner,
        awaited: AwaitedAnswer,
    ) -> BoxFuture<'a, Result<(), GrantFailure>> {
        self.await_one(owner, awaited).boxed()
    }

    fn awaited<'a>(
        &'a self,
        state: &'a str,
    ) -> BoxFuture<'a, Result<Option<(Owner, AwaitedAnswer)>, GrantFailure>> {
        self.awaited_one(state).boxed()
    }

    fn take<'a>(&'a self, state: &'a str) -> BoxFuture<'a, Result<bool, GrantFailure>> {
        self.taken(state)
            .map(|taken| taken.map_err(unavailable))
            .boxed()
    }
}

fn record(row: &PgRow) -> Result<GrantRecord, sqlx::Error> {
    Ok(GrantRecord {
        id: row.try_get("grant_id")?,
        server: row.try_get("server")?,
        kind: kind(row)?,
        scopes: row.try_get("scopes")?,
        kept_at: row.try_get("kept_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

fn kind(row: &PgRow) -> Result<GrantKind, sqlx::Error> {
    let text: &str = row.try_get("kind")?;
    GrantKind::parse(text).ok_or_else(|| sqlx::Error::Decode(format!("kind '{text}'").into()))
}

/// Where a sealed text stands, so that it opens at no other place.
fn place<'a>(kind: &'a str, id: &'a str) -> Place<'a> {
    Place {
        aggregate_type: kind,
        aggregate_id: id,
        sequence: 0,
        event_type: kind,
        event_version: "1",
    }
}

/// An owner has one grant for a server, so the server names it.
fn grant_id(server: &str) -> String {
    let hash = format!("{:x}", Sha256::digest(server));
    format!("grant_{}", &hash[..32])
}

fn state_hash(state: &str) -> String {
    format!("{:x}", Sha256::digest(state))
}

fn unavailable(error: sqlx::Error) -> GrantFailure {
    GrantFailure::Unavailable(error.into())
}

fn keyless(error: KeyFailure) -> GrantFailure {
    GrantFailure::Unavailable(error.into())
}
