//! The proof that one event is in the log of a checkpoint, whole enough to be checked anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use jan_domain::Owner;
use jan_domain::ports::Signer;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, QueryBuilder};

use super::checkpoint::Checkpoint;
use super::key::PublicKey;
use super::leaf::leaf_data;
use super::merkle::{Hash, leaf_hash, root};
use super::proof::{inclusion_path, root_from_inclusion};
use super::proved_event::ProvedEvent;
use super::seal::{self, SealHeader};
use super::seal_tree;
use crate::error::ReadError;

/// From the event to its seal, from the seal to the checkpoint. Hashes and signatures are base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventProof {
    /// Every sealed column.
    pub event: ProvedEvent,
    /// The seal that covers it.
    pub seal: ProvedSeal,
    /// The event's place among those of the seal, from 0.
    pub leaf_index: u64,
    /// From the event to the seal's root.
    pub leaf_path: Vec<String>,
    /// From the seal to the checkpoint's root.
    pub seal_path: Vec<String>,
    /// A signed note.
    pub checkpoint: String,
}

/// A seal as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedSeal {
    /// Its place among the seals, from 1.
    pub number: i64,
    /// The first position it covers.
    pub from_position: i64,
    /// The last position it covers.
    pub to_position: i64,
    /// Events there.
    pub event_count: i64,
    /// Root of the tree over them.
    pub root: String,
    /// Hash of their positions.
    pub positions_hash: String,
    /// Hash of the seal before.
    pub previous: String,
    /// When, to the microsecond.
    pub sealed_at: String,
    /// By which key.
    pub key_id: String,
    /// The signature.
    pub signature: String,
}

/// What a proof does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// Something in it is not written as it should be.
    #[error("the proof is malformed: {0}")]
    Malformed(&'static str),
    /// Its checkpoint is not signed by a trusted key.
    #[error("the checkpoint is not signed by a trusted key")]
    Checkpoint,
    /// Its seal is not signed by a trusted key.
    #[error("the seal is not signed by a trusted key")]
    SealSignature,
    /// The event is not the one that was sealed.
    #[error("the event is not under the seal: it, or the path from it, was changed")]
    Event,
    /// The seal is not one of the checkpoint's log.
    #[error("the seal is not in the log of the checkpoint: it, or the path from it, was changed")]
    Seal,
}

/// Whether there is a proof of an event.
#[derive(Debug, Clone)]
pub enum Provable {
    /// There is.
    Proved(Box<EventProof>),
    /// The event is too young; its seal comes within seconds.
    NotSealed,
    /// There is no such event, as far as the reader may know.
    Unknown,
}

/// Proves the event at a position, if the reader may see it.
pub async fn prove(
    pool: &PgPool,
    signer: &dyn Signer,
    position: i64,
    owner: Option<&Owner>,
) -> Result<Provable, ReadError> {
    let Some(event) = find_event(pool, position, owner).await? else {
        return Ok(Provable::Unknown);
    };
    let Some(seal) = seal::covering(pool, position).await? else {
        return Ok(Provable::NotSealed);
    };
    let checkpoint = Checkpoint::take(pool, signer).await?;
    let leaves = seal.leaf_hashes();
    let positions = seal.event_positions();
    let Ok(index) = positions.binary_search(&position) else {
        return Ok(Provable::NotSealed);
    };
    let leaf_path = inclusion_path(index as u64, leaves.len() as u64);
    let leaf_path = leaf_path.iter().map(|stretch| {
        let place = |at: u64| usize::try_from(at).expect("a seal's leaves fit in memory");
        base64(&root(&leaves[place(stretch.start)..place(stretch.end)]))
    });
    let seal_index = seal.header.number.unsigned_abs() - 1;
    let seal_path = inclusion_path(seal_index, checkpoint.size);
    let seal_path = seal_tree::subtree_roots(pool, &seal_path).await?;
    Ok(Provable::Proved(Box::new(EventProof {
        event,
        leaf_index: index as u64,
        leaf_path: leaf_path.collect(),
        seal_path: seal_path.iter().map(|hash| base64(hash)).collect(),
        checkpoint: checkpoint.to_string(),
        seal: ProvedSeal::of(&seal.header, &seal.signature),
    })))
}

async fn find_event(
    pool: &PgPool,
    position: i64,
    owner: Option<&Owner>,
) -> Result<Option<ProvedEvent>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        r"
        select position, xid::text::bigint as xid, event_id, aggregate_type, aggregate_id, sequence,
               event_type, event_version, payload::text, metadata::text, recorded_at
          from events
         where position = ",
    );
    query.push_bind(position);
    if let Some(owner) = owner {
        query
            .push(" and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and owner_id = ")
            .push_bind(owner.account.as_str());
    }
    query.build_query_as().fetch_optional(pool).await
}

impl EventProof {
    /// Checks every step, and answers the checkpoint it leads to. Needs nothing but trusted keys.
    pub fn check(&self, keys: &[PublicKey]) -> Result<Checkpoint, Unproved> {
        let checkpoint: Result<Checkpoint, _> = self.checkpoint.parse();
        let checkpoint = checkpoint.map_err(|_| Unproved::Malformed("checkpoint"))?;
        if !checkpoint.is_signed_by_one_of(keys) {
            return Err(Unproved::Checkpoint);
        }
        let header = self.seal.header()?;
        let signature = STANDARD.decode(&self.seal.signature);
        let signature = signature.map_err(|_| Unproved::Malformed("seal.signature"))?;
        let mut named = keys.iter().filter(|key| key.id() == header.key_id);
        if !named.any(|key| header.is_signed_by(key, &signature)) {
            return Err(Unproved::SealSignature);
        }
        let leaf = leaf_hash(&[&leaf_data(&self.event)]);
        let path = hashes(&self.leaf_path, "leaf_path")?;
        let count = header.event_count.unsigned_abs();
        if root_from_inclusion(leaf, self.leaf_index, count, &path) != Some(header.root) {
            return Err(Unproved::Event);
        }
        let path = hashes(&self.seal_path, "seal_path")?;
        let index = header
            .number
            .checked_sub(1)
            .and_then(|index| u64::try_from(index).ok());
        let index = index.ok_or(Unproved::Malformed("seal.number"))?;
        match root_from_inclusion(header.hash(), index, checkpoint.size, &path) {
            Some(root) if root == checkpoint.root => Ok(checkpoint),
            _ => Err(Unproved::Seal),
        }
    }
}

impl ProvedSeal {
    fn of(header: &SealHeader, signature: &[u8]) -> Self {
        Self {
            number: header.number,
            from_position: header.from_position,
            to_position: header.to_position,
            event_count: header.event_count,
            root: base64(&header.root),
            positions_hash: base64(&header.positions_hash),
            previous: base64(&header.previous),
            sealed_at: header
                .sealed_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
            key_id: header.key_id.clone(),
            signature: base64(signature),
        }
    }

    fn header(&self) -> Result<SealHeader, Unproved> {
        let sealed_at = DateTime::parse_from_rfc3339(&self.sealed_at);
        let sealed_at = sealed_at.map_err(|_| Unproved::Malformed("seal.sealed_at"))?;
        Ok(SealHeader {
            number: self.number,
            from_position: self.from_position,
            to_position: self.to_position,
            event_count: self.event_count,
            root: hash_in(&self.root, "seal.root")?,
            positions_hash: hash_in(&self.positions_hash, "seal.positions_hash")?,
            previous: hash_in(&self.previous, "seal.previous")?,
            sealed_at: sealed_at.with_timezone(&Utc),
            key_id: self.key_id.clone(),
        })
    }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn hash_in(text: &str, field: &'static str) -> Result<Hash, Unproved> {
    let bytes = STANDARD.decode(text).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or(Unproved::Malformed(field))
}

fn hashes(path: &[String], field: &'static str) -> Result<Vec<Hash>, Unproved> {
    path.iter().map(|text| hash_in(text, field)).collect()
}
