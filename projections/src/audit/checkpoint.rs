//! A checkpoint: the log's size and root at a moment, signed, to be kept somewhere else.
//!
//! It is written as a signed note (C2SP `tlog-checkpoint`), which other programs read too: the log's
//! name, the number of seals, the root of the tree over them; then what we add; then a signature.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use jan_domain::ports::Signer;
use sqlx::PgPool;

use super::key::PublicKey;
use super::merkle::{Hash, hash};
use super::proof::TreeHead;
use super::{seal, seal_tree};
use crate::error::ReadError;

/// What the log and its key are called in notes.
const ORIGIN: &str = "jan-server/event-log";
/// Says in a note's key hash that the signature is Ed25519.
const ED25519: u8 = 1;

/// The log at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many seals there are.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// The last position they cover.
    pub position: i64,
    /// When it was taken.
    pub time: DateTime<Utc>,
    /// The key that signed.
    pub key_id: String,
    /// Its signature, after four bytes of its hash.
    signature: Vec<u8>,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a checkpoint as `jan-server events checkpoint` writes it")]
pub struct NotACheckpoint;

impl Checkpoint {
    /// Takes one of the log as it is now, on the database's clock.
    pub async fn take(pool: &PgPool, signer: &dyn Signer) -> Result<Self, ReadError> {
        let time = sqlx::query_scalar("select clock_timestamp()");
        let time = time.fetch_one(pool).await?;
        let last = seal::last(pool).await?.map(|seal| seal.header);
        let size = last
            .as_ref()
            .map_or(0, |header| header.number.unsigned_abs());
        let tree = seal_tree::frontier(pool, size).await?;
        let key = PublicKey::from(signer.public_key());
        let mut checkpoint = Self {
            size,
            root: tree.root(),
            position: last.map_or(0, |header| header.to_position),
            time,
            key_id: key.id(),
            signature: key_hash(&key).to_vec(),
        };
        let signature = signer.sign(checkpoint.body().as_bytes());
        checkpoint.signature.extend(signature);
        Ok(checkpoint)
    }

    /// The tree it is of.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root,
        }
    }

    /// Whether one of these keys has signed it.
    pub fn is_signed_by_one_of(&self, keys: &[PublicKey]) -> bool {
        let mut named = keys.iter().filter(|key| key.id() == self.key_id);
        named.any(|key| {
            let signature = self.signature.strip_prefix(&key_hash(key));
            signature.is_some_and(|bytes| key.has_signed(self.body().as_bytes(), bytes))
        })
    }

    /// What is signed.
    fn body(&self) -> String {
        format!(
            "{ORIGIN}\n{}\n{}\nposition {}\ntime {}\nkey {}\n",
            self.size,
            STANDARD.encode(self.root),
            self.position,
            self.time.to_rfc3339_opts(SecondsFormat::Micros, true),
            self.key_id,
        )
    }
}

/// By which a note's signature names its key.
fn key_hash(key: &PublicKey) -> [u8; 4] {
    let named = [ORIGIN.as_bytes(), b"\n", &[ED25519], key.bytes()].concat();
    let hash = hash(&named);
    [hash[0], hash[1], hash[2], hash[3]]
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = STANDARD.encode(&self.signature);
        write!(f, "{}\n\u{2014} {ORIGIN} {signature}\n", self.body())
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let read = read(text).filter(|checkpoint| checkpoint.to_string() == text);
        read.ok_or(NotACheckpoint)
    }
}

/// Reads what may be a checkpoint. It is one if it is written as we would write it.
fn read(text: &str) -> Option<Checkpoint> {
    let mut lines = text.lines().skip(1);
    let mut word = |start: &str| lines.next()?.strip_prefix(start);
    let decoded = |text: &str| STANDARD.decode(text).ok();
    Some(Checkpoint {
        size: word("")?.parse().ok()?,
        root: decoded(word("")?)?.try_into().ok()?,
        position: word("position ")?.parse().ok()?,
        time: word("time ")?.parse().ok()?,
        key_id: word("key ")?.to_owned(),
        signature: {
            word("")?;
            decoded(word(&format!("\u{2014} {ORIGIN} "))?)?
        },
    })
}
