//! A run of seals, each looked at by itself, and the events they cover.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::PgPool;

use super::super::key::PublicKey;
use super::super::leaf::{Leaf, read_leaves};
use super::super::merkle::{HASH_BYTES, Hash, root};
use super::super::seal::{POSITION_BYTES, SEAL_COLUMNS, Seal, SealHeader};
use super::fault::Fault;

/// The keys whose word is taken, by their ids.
pub(super) type Keys = HashMap<String, PublicKey>;

/// What there is to do for a run of seals.
#[derive(Clone)]
pub(super) struct Inspection {
    pub(super) pool: PgPool,
    pub(super) keys: Arc<Keys>,
    /// Whether anything is computed, or rows are only read: what a check can cost at least.
    pub(super) hashing: bool,
}

/// What is found of a run of seals.
pub(super) struct Segment {
    /// Each seal with its stored nodes.
    pub(super) seals: Vec<(SealHeader, Vec<u8>)>,
    /// The first fault, and the seal it belongs to.
    pub(super) fault: Option<(i64, Fault)>,
    pub(super) events: u64,
}

impl Inspection {
    /// Looks at the seals with numbers from `first` to `last`.
    pub(super) async fn run(self, first: i64, last: i64) -> Result<Segment, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let sql = format!(
            "select {SEAL_COLUMNS} from event_seals where number between $1 and $2 order by number"
        );
        let seals: Vec<Seal> = sqlx::query_as(&sql)
            .bind(first)
            .bind(last)
            .fetch_all(&mut *connection)
            .await?;
        let unsound = if self.hashing {
            let faults = seals.iter().enumerate();
            let mut faults = faults.filter_map(|(at, seal)| Some((at, self.fault_of(seal)?)));
            faults.next()
        } else {
            None
        };
        let sound = &seals[..unsound.as_ref().map_or(seals.len(), |(at, _)| *at)];
        let mut comparison = Comparison::with(sound, self.hashing);
        if let (Some(first), Some(last)) = (sound.first(), sound.last()) {
            let range = (first.header.from_position - 1, last.header.to_position);
            let mut leaves = std::pin::pin!(read_leaves(&mut connection, range, u32::MAX).await?);
            while let Some(leaf) = leaves.try_next().await? {
                comparison.take(&leaf);
            }
        }
        let (events, fault) = comparison.end();
        let fault = fault.or(unsound.map(|(at, fault)| (seals[at].header.number, fault)));
        let told = |seal: Seal| (seal.header, seal.nodes);
        Ok(Segment {
            seals: seals.into_iter().map(told).collect(),
            fault,
            events,
        })
    }

    /// What is wrong with a seal, whatever stands beside it.
    fn fault_of(&self, seal: &Seal) -> Option<Fault> {
        let header = &seal.header;
        let changed = |because| Fault::SealChanged {
            number: header.number,
            positions: (header.from_position, header.to_position),
            because,
        };
        let Some(key) = self.keys.get(&header.key_id) else {
            return Some(Fault::ForeignKey {
                number: header.number,
                position: header.from_position,
                key_id: header.key_id.clone(),
            });
        };
        if !header.is_signed_by(key, &seal.signature) {
            return Some(changed("its signature is not of what it says"));
        }
        let events = usize::try_from(header.event_count).unwrap_or(usize::MAX);
        let whole = events.checked_mul(HASH_BYTES) == Some(seal.leaves.len())
            && events.checked_mul(POSITION_BYTES) == Some(seal.positions.len());
        if !whole || root(&seal.leaf_hashes()) != header.root {
            return Some(changed("its root does not follow from its leaves"));
        }
        None
    }
}

/// Events as they come, held against what was sealed.
struct Comparison<'s> {
    seals: &'s [Seal],
    hashing: bool,
    /// Position, hash and seal of each sealed event.
    sealed: Vec<(i64, Hash, i64)>,
    at: usize,
    events: u64,
    fault: Option<(i64, Fault)>,
}

impl<'s> Comparison<'s> {
    fn with(seals: &'s [Seal], hashing: bool) -> Self {
        let sealed = seals.iter().flat_map(|seal| {
            let number = seal.header.number;
            let hashes = seal.leaf_hashes().into_iter();
            let events = seal.event_positions().into_iter().zip(hashes);
            events.map(move |(position, hash)| (position, hash, number))
        });
        Self {
            seals,
            hashing,
            sealed: sealed.collect(),
            at: 0,
            events: 0,
            fault: None,
        }
    }

    fn take<B: AsRef<[u8]>>(&mut self, leaf: &Leaf<B>) {
        self.events += 1;
        if self.hashing && self.fault.is_none() {
            self.fault = self.held_against(leaf);
        }
    }

    fn held_against<B: AsRef<[u8]>>(&mut self, leaf: &Leaf<B>) -> Option<(i64, Fault)> {
        let position = leaf.position()?;
        match self.sealed.get(self.at) {
            Some((sealed, hash, _)) if *sealed == position && *hash == leaf.hash() => {
                self.at += 1;
                None
            }
            Some((sealed, _, seal)) if *sealed == position => {
                let place = leaf.place()?;
                let came_from = self.former_position(leaf);
                let seal = *seal;
                Some((
                    seal,
                    Fault::Changed {
                        place,
                        seal,
                        came_from,
                    },
                ))
            }
            Some((sealed, ..)) if *sealed < position => self.missing(),
            // Positions between seals belong to a seal that is gone; the chain tells of it.
            _ => {
                let covers = |seal: &&Seal| {
                    (seal.header.from_position..=seal.header.to_position).contains(&position)
                };
                let seal = self.seals.iter().find(covers)?.header.number;
                Some((
                    seal,
                    Fault::Inserted {
                        place: leaf.place()?,
                        seal,
                    },
                ))
            }
        }
    }

    /// Where an event was when it was sealed, if only its position is another now.
    fn former_position<B: AsRef<[u8]>>(&self, leaf: &Leaf<B>) -> Option<i64> {
        let mut sealed = self.sealed.iter();
        let former = sealed.find(|(position, hash, _)| leaf.hash_at(*position) == *hash);
        former.map(|(position, ..)| *position)
    }

    fn missing(&self) -> Option<(i64, Fault)> {
        let (position, _, seal) = *self.sealed.get(self.at)?;
        let fault = Fault::Missing {
            position,
            seal,
            was: None,
        };
        Some((seal, fault))
    }

    fn end(self) -> (u64, Option<(i64, Fault)>) {
        let missing = || self.hashing.then(|| self.missing()).flatten();
        (self.events, self.fault.clone().or_else(missing))
    }
}
