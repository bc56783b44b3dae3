//! A seal: what is signed about a stretch of the log.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};

use super::key::PublicKey;
use super::merkle::{HASH_BYTES, Hash, hash, leaf_hash};

/// Bytes of a stored position.
pub(crate) const POSITION_BYTES: usize = 8;
/// What the bytes that are signed begin with: no other signature of the same key can be one of these.
const PURPOSE: &[u8] = b"jan-server: a seal of the event log, version 1\n";

/// Everything that a seal says, and its signature over that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealHeader {
    /// Its place among the seals, from 1.
    pub number: i64,
    /// The first position it covers: the one after the seal before it.
    pub from_position: i64,
    /// The last position it covers.
    pub to_position: i64,
    /// How many events those positions have; the others were never used.
    pub event_count: i64,
    /// Root of the tree over the events.
    pub root: Hash,
    /// Hash of the list of their positions.
    pub positions_hash: Hash,
    /// Hash of the seal before it; zeros for the first.
    pub previous: Hash,
    /// When.
    pub sealed_at: DateTime<Utc>,
    /// The key that signed.
    pub key_id: String,
}

/// A stored seal with the hashes of what it covers.
#[derive(Debug, Clone)]
pub(crate) struct Seal {
    pub(crate) header: SealHeader,
    pub(crate) signature: Vec<u8>,
    pub(crate) leaves: Vec<u8>,
    pub(crate) positions: Vec<u8>,
    pub(crate) nodes: Vec<u8>,
}

pub(crate) const SEAL_COLUMNS: &str = "number, from_position, to_position, event_count, root, \
     leaves, positions, previous, nodes, sealed_at, key_id, signature";

impl SealHeader {
    /// The bytes that are signed, and that the seal's own hash is of: numbers as eight bytes, the time
    /// in microseconds since 1970, and the key's id last.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = PURPOSE.to_vec();
        for number in [
            self.number,
            self.from_position,
            self.to_position,
            self.event_count,
            self.sealed_at.timestamp_micros(),
        ] {
            bytes.extend(number.to_be_bytes());
        }
        for hash in [&self.root, &self.positions_hash, &self.previous] {
            bytes.extend(hash);
        }
        bytes.extend(self.key_id.as_bytes());
        bytes
    }

    /// Its hash, as the seal after it and the tree over all seals have it.
    pub fn hash(&self) -> Hash {
        leaf_hash(&[&self.canonical()])
    }

    /// Whether this key has signed it.
    pub fn is_signed_by(&self, key: &PublicKey, signature: &[u8]) -> bool {
        key.has_signed(&self.canonical(), signature)
    }
}

impl Seal {
    /// The hashes of the events, in the order of their positions.
    pub(crate) fn leaf_hashes(&self) -> Vec<Hash> {
        let (leaves, _) = self.leaves.as_chunks::<HASH_BYTES>();
        leaves.to_vec()
    }

    /// The events' positions.
    pub(crate) fn event_positions(&self) -> Vec<i64> {
        let (positions, _) = self.positions.as_chunks::<POSITION_BYTES>();
        positions
            .iter()
            .map(|bytes| i64::from_be_bytes(*bytes))
            .collect()
    }
}

impl FromRow<'_, PgRow> for Seal {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let positions: Vec<u8> = row.try_get("positions")?;
        Ok(Self {
            header: SealHeader {
                number: row.try_get("number")?,
                from_position: row.try_get("from_position")?,
                to_position: row.try_get("to_position")?,
                event_count: row.try_get("event_count")?,
                root: stored_hash(row, "root")?,
                positions_hash: hash(&positions),
                previous: stored_hash(row, "previous")?,
                sealed_at: row.try_get("sealed_at")?,
                key_id: row.try_get("key_id")?,
            },
            signature: row.try_get("signature")?,
            leaves: row.try_get("leaves")?,
            nodes: row.try_get("nodes")?,
            positions,
        })
    }
}

/// The last seal there is.
pub(crate) async fn last(pool: &PgPool) -> Result<Option<Seal>, sqlx::Error> {
    let sql = format!("select {SEAL_COLUMNS} from event_seals order by number desc limit 1");
    sqlx::query_as(&sql).fetch_optional(pool).await
}

/// The seal that covers this position.
pub(crate) async fn covering(pool: &PgPool, position: i64) -> Result<Option<Seal>, sqlx::Error> {
    let sql = format!(
        "select {SEAL_COLUMNS} from event_seals where to_position >= $1 order by to_position limit 1"
    );
    sqlx::query_as(&sql)
        .bind(position)
        .fetch_optional(pool)
        .await
}

/// The seal with this number.
pub(crate) async fn find(pool: &PgPool, number: i64) -> Result<Option<Seal>, sqlx::Error> {
    let sql = format!("select {SEAL_COLUMNS} from event_seals where number = $1");
    sqlx::query_as(&sql).bind(number).fetch_optional(pool).await
}

fn stored_hash(row: &PgRow, column: &str) -> Result<Hash, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "a hash has 32 bytes".into(),
    })
}
