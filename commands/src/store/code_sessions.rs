//! Sessions of programs, which any process goes on with: sealed pictures in a table beside the log.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{CodeSession, CodeSessionStore, KeyState, Keyring, ReadFailure};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// Pause between two looks for sessions that nobody uses any more.
const PRUNE_EVERY: Duration = Duration::from_mins(5);

/// The table of sessions. Cheap to clone.
#[derive(Clone)]
pub struct CodeSessions {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
    idle: Duration,
    most: i64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A picture that was not sealed for its place, or not in a form that is known here.
#[derive(Debug, thiserror::Error)]
#[error("a session does not open under its owner's key")]
struct Broken;

impl CodeSessions {
    /// The sessions in this database. One that is `idle` for so long is forgotten, and so is the one
    /// of an owner who has more than `most` that was used longest ago.
    pub fn new(pool: PgPool, keyring: Arc<dyn Keyring>, idle: Duration, most: usize) -> Self {
        Self {
            pool,
            keyring,
            idle,
            most: i64::try_from(most).unwrap_or(i64::MAX),
        }
    }

    /// Forgets what was idle for too long; answers how many.
    pub async fn prune(&self) -> Result<u64, sqlx::Error> {
        let sql = r"
            delete from code_sessions
             where used_at < clock_timestamp() - make_interval(secs => $1)";
        let pruned = sqlx::query(sql)
            .bind(self.idle.as_secs_f64())
            .execute(&self.pool)
            .await?;
        Ok(pruned.rows_affected())
    }

    /// Prunes every few minutes until told to stop.
    pub async fn keep_pruning(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.prune().await {
                tracing::warn!(error = %error, "idle sessions of programs stay for now");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PRUNE_EVERY) => {}
            }
        }
    }

    async fn load(&self, owner: &Owner, name: &str) -> Result<Option<CodeSession>, Failure> {
        let sql = r"
            select version, key_id, picture
              from code_sessions
             where (tenant_id, account_id, session_hash) = ($1, $2, $3)
               and used_at >= clock_timestamp() - make_interval(secs => $4)";
        let row: Option<(i64, Option<String>, Vec<u8>)> = sqlx::query_as(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(hash(name))
            .bind(self.idle.as_secs_f64())
            .fetch_optional(&self.pool)
            .await?;
        let Some((version, key_id, picture)) = row else {
            return Ok(None);
        };
        let Some(key_id) = key_id else {
            return Ok(Some(CodeSession { version, picture }));
        };
        let mut found = self.keyring.find(std::slice::from_ref(&key_id)).await?;
        match found.remove(&key_id) {
            Some(KeyState::Held(seal)) => {
                let opened = seal.open(&context(name, version), &picture);
                let picture = opened.ok_or(Broken)?;
                Ok(Some(CodeSession { version, picture }))
            }
            // Whose it was is erased.
            Some(KeyState::Destroyed) => Ok(None),
            None => Err(Broken.into()),
        }
    }

    async fn store(
        &self,
        owner: &Owner,
        name: &str,
        session: &CodeSession,
    ) -> Result<bool, Failure> {
        let key = self.keyring.key_of(owner).await?;
        let context = context(name, session.version);
        let sealed = key
            .as_ref()
            .map(|key| key.seal.seal(&context, &session.picture));
        let sql = r"
            insert into code_sessions as known
                   (tenant_id, account_id, session_hash, version, key_id, picture)
            values ($1, $2, $3, $4, $5, $6)
                on conflict (tenant_id, account_id, session_hash) do update
               set (version, key_id, picture, used_at)
                 = (excluded.version, excluded.key_id, excluded.picture, clock_timestamp())
             where known.version = excluded.version - 1
                or known.used_at < clock_timestamp() - make_interval(secs => $7)";
        let kept = sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(hash(name))
            .bind(session.version)
            .bind(key.as_ref().map(|key| &*key.id))
            .bind(sealed.as_ref().unwrap_or(&session.picture))
            .bind(self.idle.as_secs_f64())
            .execute(&self.pool)
            .await?;
        if session.version == 1 {
            self.make_room(owner).await?;
        }
        Ok(kept.rows_affected() == 1)
    }

    /// Forgets what was used longest ago of an owner who has too many.
    async fn make_room(&self, owner: &Owner) -> Result<(), sqlx::Error> {
        let sql = r"
            delete from code_sessions
             where (tenant_id, account_id) = ($1, $2)
               and session_hash in (select session_hash
                                      from code_sessions
                                     where (tenant_id, account_id) = ($1, $2)
                                     order by used_at desc
                                    offset $3)";
        sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(self.most)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// A picture opens for the session it was taken of, at its version, and nowhere else.
fn context(name: &str, version: i64) -> String {
    format!("code_session\n{version}\n{name}")
}

fn hash(name: &str) -> Vec<u8> {
    Sha256::digest(name).to_vec()
}

impl CodeSessionStore for CodeSessions {
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<CodeSession>, ReadFailure>> {
        self.load(owner, name)
            .map(|found| found.map_err(ReadFailure))
            .boxed()
    }

    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        name: &'a str,
        session: &'a CodeSession,
    ) -> BoxFuture<'a, Result<bool, ReadFailure>> {
        self.store(owner, name, session)
            .map(|kept| kept.map_err(ReadFailure))
            .boxed()
    }
}
