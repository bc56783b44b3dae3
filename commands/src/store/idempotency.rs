//! Outcomes of requests that carry an `Idempotency-Key`.
//!
//! The claim is made before the request is carried out, its outcome kept after. In between, ids are
//! drawn from the claim itself, so a request repeated after a crash names the same streams, and a
//! command that was accepted before adds no events. Nothing needs to share a transaction.

use jan_domain::caller::Owner;
use jan_domain::id::NodeId;
use sqlx::{PgPool, Row};

/// What a key belongs to: one caller, one route.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Whose key it is.
    pub owner: Owner,
    /// Method, path and query, and whatever else the answer depends on besides the body.
    pub route: String,
    /// The client's word.
    pub key: String,
    /// SHA-256 of the request body.
    pub body_hash: [u8; 32],
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// New, or its process died: carry the request out.
    Ours,
    /// Another request with this key is being carried out now.
    InFlight,
    /// The key was used with another body.
    OtherBody,
    /// Carried out; here is its answer.
    Finished(Outcome),
}

/// The answer of a finished request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// HTTP status.
    pub status: u16,
    /// The body, when it was kept: streams are not, and are told again from their events.
    pub body: Option<Vec<u8>>,
}

/// The table of keys.
#[derive(Debug, Clone)]
pub struct IdempotencyKeys {
    pool: PgPool,
    node: NodeId,
}

impl IdempotencyKeys {
    /// Claims in the name of this process.
    pub fn new(pool: PgPool, node: NodeId) -> Self {
        Self { pool, node }
    }

    /// Claims a key, or says what became of it. A claim of a dead process is taken over.
    pub async fn claim(&self, key: &IdempotencyKey) -> Result<Claim, sqlx::Error> {
        if self.insert(key).await? || self.take_over(key).await? {
            return Ok(Claim::Ours);
        }
        let held = sqlx::query(
            r"
            select body_hash, finished_at is not null as finished, status, body
              from idempotency_keys
             where (tenant_id, account_id, route, key) = ($1, $2, $3, $4)",
        )
        .bind(key.owner.tenant.as_str())
        .bind(key.owner.account.as_str())
        .bind(&key.route)
        .bind(&key.key)
        .fetch_optional(&self.pool)
        .await?;
        // Gone between two statements: its request has just given it back.
        let Some(held) = held else {
            return Ok(Claim::InFlight);
        };
        if held.try_get::<Vec<u8>, _>("body_hash")? != key.body_hash {
            return Ok(Claim::OtherBody);
        }
        if !held.try_get::<bool, _>("finished")? {
            return Ok(Claim::InFlight);
        }
        let status: i16 = held.try_get("status")?;
        let status = u16::try_from(status).unwrap_or_default();
        Ok(Claim::Finished(Outcome {
            status,
            body: held.try_get("body")?,
        }))
    }

    async fn insert(&self, key: &IdempotencyKey) -> Result<bool, sqlx::Error> {
        let inserted = sqlx::query(
            r"
            insert into idempotency_keys
                   (tenant_id, account_id, route, key, body_hash, node_id)
            values ($1, $2, $3, $4, $5, $6)
                on conflict do nothing",
        )
        .bind(key.owner.tenant.as_str())
        .bind(key.owner.account.as_str())
        .bind(&key.route)
        .bind(&key.key)
        .bind(key.body_hash.as_slice())
        .bind(self.node.as_str())
        .execute(&self.pool)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    async fn take_over(&self, key: &IdempotencyKey) -> Result<bool, sqlx::Error> {
        let taken = sqlx::query(
            r"
            update idempotency_keys as held
               set node_id = $6
             where (tenant_id, account_id, route, key) = ($1, $2, $3, $4)
               and body_hash = $5
               and finished_at is null
               and not exists (select from nodes
                                where nodes.node_id = held.node_id
                                  and nodes.expires_at > clock_timestamp())",
        )
        .bind(key.owner.tenant.as_str())
        .bind(key.owner.account.as_str())
        .bind(&key.route)
        .bind(&key.key)
        .bind(key.body_hash.as_slice())
        .bind(self.node.as_str())
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Keeps the answer of a request that was carried out, unless another process has taken the
    /// claim over meanwhile.
    pub async fn finish(&self, key: &IdempotencyKey, outcome: &Outcome) -> Result<(), sqlx::Error> {
        sqlx::query(
            r"
            update idempotency_keys
               set finished_at = clock_timestamp(),
                   status = $5,
                   body = $6
             where (tenant_id, account_id, route, key) = ($1, $2, $3, $4)
               and node_id = $7",
        )
        .bind(key.owner.tenant.as_str())
        .bind(key.owner.account.as_str())
        .bind(&key.route)
        .bind(&key.key)
        .bind(i16::try_from(outcome.status).unwrap_or(i16::MAX))
        .bind(outcome.body.as_deref())
        .bind(self.node.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives a claim back, so that the key can be tried again: the request was refused. A claim that
    /// another process has taken over stays.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<(), sqlx::Error> {
        sqlx::query(
            r"
            delete from idempotency_keys
             where (tenant_id, account_id, route, key) = ($1, $2, $3, $4)
               and finished_at is null
               and node_id = $5",
        )
        .bind(key.owner.tenant.as_str())
        .bind(key.owner.account.as_str())
        .bind(&key.route)
        .bind(&key.key)
        .bind(self.node.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
