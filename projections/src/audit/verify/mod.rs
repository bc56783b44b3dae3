//! The check of the whole log: everything is computed again from what is stored.
//!
//! Runs of seals are read and hashed beside each other (`segment.rs`) and put together in order, so
//! that the first fault found is the first there is. Then come the chain, the tree over all seals, and
//! the checkpoint somebody has kept elsewhere.

mod fault;
mod segment;

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

pub use fault::Fault;

use self::segment::{Inspection, Segment};
use super::checkpoint::Checkpoint;
use super::key::PublicKey;
use super::merkle::{Frontier, Hash};
use super::seal::SealHeader;
use super::{guards, index, seal_tree};
use crate::error::ReadError;

/// Seals of one run: hashes of a hundred thousand events fit in memory.
const SEGMENT_SEALS: u16 = 128;
/// Runs that are read and hashed at once.
const SEGMENTS_AT_ONCE: usize = 2;

/// Checks a log.
pub struct Verifier {
    /// The database of the log.
    pub pool: PgPool,
    /// The keys whose seals count.
    pub keys: Vec<PublicKey>,
}

/// What is to be checked.
#[derive(Debug, Clone, Default)]
pub struct VerifyWish {
    /// Begin with the seal that covers this position; with the first one otherwise.
    pub from: Option<i64>,
    /// The log must continue this one.
    pub checkpoint: Option<Checkpoint>,
}

/// A log in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Seals that were checked.
    pub seals: u64,
    /// Events that were checked.
    pub events: u64,
    /// The last position that is sealed.
    pub through: i64,
    /// Events after it, for which nothing vouches yet.
    pub unsealed: i64,
}

/// Why a log is not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something is wrong with it.
    #[error("{0}")]
    Fault(Fault),
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for VerifyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

/// Where a check begins and ends, and how much that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    first: i64,
    last: i64,
    /// The last seal that was made, whether or not it is there.
    made: i64,
    /// Events under these seals.
    pub events: u64,
}

impl Verifier {
    /// How much there is to check.
    pub async fn extent(&self, wish: &VerifyWish) -> Result<Extent, ReadError> {
        let sql = r"
            select coalesce(min(number), newest + 1), newest, made,
                   coalesce(sum(event_count), 0)::bigint
              from (select coalesce(max(number), 0) as newest from event_seals) as newest
             cross join (select coalesce(max(last_number), 0) as made from event_sealer) as made
              left join event_seals on to_position >= $1
             group by newest, made";
        let row = sqlx::query_as(sql).bind(wish.from.unwrap_or(i64::MIN));
        let (first, last, made, events): (i64, i64, i64, i64) = row.fetch_one(&self.pool).await?;
        Ok(Extent {
            first: if wish.from.is_some() { first } else { 1 },
            last,
            made,
            events: events.unsigned_abs(),
        })
    }

    /// Checks it all; `progress` is told of the events that are done.
    pub async fn verify(
        &self,
        wish: &VerifyWish,
        extent: &Extent,
        mut progress: impl FnMut(u64),
    ) -> Result<Verified, VerifyError> {
        if let Some(checkpoint) = &wish.checkpoint
            && !checkpoint.is_signed_by_one_of(&self.keys)
        {
            let key_id = checkpoint.key_id.clone();
            return Err(VerifyError::Fault(Fault::CheckpointForged { key_id }));
        }
        if let Some(place) = guards::before_the_beginning(&self.pool).await? {
            return Err(VerifyError::Fault(Fault::Inserted { place, seal: 1 }));
        }
        let mut chain = Chain::before(&self.pool, extent.first, wish.checkpoint.clone()).await?;
        let mut segments = std::pin::pin!(self.segments(extent, true));
        while let Some(segment) = segments.try_next().await? {
            progress(segment.events);
            if let Err(fault) = chain.take(segment) {
                let fault = index::remembered(&self.pool, *fault).await?;
                return Err(VerifyError::Fault(fault));
            }
        }
        if extent.made > extent.last {
            let (last, made) = (extent.last, extent.made);
            return Err(VerifyError::Fault(Fault::LastSealsMissing { last, made }));
        }
        chain.end().map_err(VerifyError::Fault)?;
        let missing = guards::missing(&self.pool).await?;
        if !missing.is_empty() {
            return Err(VerifyError::Fault(Fault::Unguarded { missing }));
        }
        Ok(Verified {
            seals: chain.seals,
            events: chain.events,
            through: chain.through,
            unsealed: unsealed(&self.pool, chain.through).await?,
        })
    }

    /// Reads the same rows and computes nothing: what a check costs at least.
    pub async fn read_only(&self, extent: &Extent) -> Result<u64, ReadError> {
        let segments = self.segments(extent, false);
        let events = segments.try_fold(0, async |sum, segment| Ok(sum + segment.events));
        Ok(events.await?)
    }

    fn segments(
        &self,
        extent: &Extent,
        hashing: bool,
    ) -> impl stream::Stream<Item = Result<Segment, sqlx::Error>> + use<> {
        let keys = self.keys.iter().map(|key| (key.id(), *key)).collect();
        let inspection = Inspection {
            pool: self.pool.clone(),
            keys: Arc::new(keys),
            hashing,
        };
        let (last, tracker) = (extent.last, TaskTracker::new());
        let firsts = (extent.first..=last).step_by(usize::from(SEGMENT_SEALS));
        let running = stream::iter(firsts).map(move |first| {
            let until = last.min(first + i64::from(SEGMENT_SEALS) - 1);
            tracker.spawn(inspection.clone().run(first, until))
        });
        let ended = running.buffered(SEGMENTS_AT_ONCE);
        ended.map(|segment| segment.unwrap_or(Err(sqlx::Error::WorkerCrashed)))
    }
}

/// The seals so far, put together.
struct Chain {
    last: i64,
    previous: Hash,
    through: i64,
    tree: Frontier,
    checkpoint: Option<Checkpoint>,
    seals: u64,
    events: u64,
}

impl Chain {
    /// What must stand before the seal `first`. Earlier seals are believed.
    async fn before(
        pool: &PgPool,
        first: i64,
        checkpoint: Option<Checkpoint>,
    ) -> Result<Self, sqlx::Error> {
        let last = first - 1;
        let before = super::seal::find(pool, last).await?.map(|seal| seal.header);
        Ok(Self {
            last,
            previous: before.as_ref().map_or([0; 32], SealHeader::hash),
            through: before.map_or(0, |header| header.to_position),
            tree: seal_tree::frontier(pool, last.unsigned_abs()).await?,
            checkpoint,
            seals: 0,
            events: 0,
        })
    }

    fn take(&mut self, segment: Segment) -> Result<(), Box<Fault>> {
        let fault = segment.fault;
        for (header, nodes) in segment.seals {
            if let Some((at, fault)) = &fault
                && *at <= header.number
            {
                return Err(Box::new(fault.clone()));
            }
            self.append(&header, &nodes)?;
        }
        self.events += segment.events;
        Ok(())
    }

    fn append(&mut self, header: &SealHeader, nodes: &[u8]) -> Result<(), Box<Fault>> {
        if header.number != self.last + 1 {
            return Err(Box::new(Fault::SealMissing {
                number: self.last + 1,
                position: self.through + 1,
            }));
        }
        let changed = |because| {
            Box::new(Fault::SealChanged {
                number: header.number,
                positions: (header.from_position, header.to_position),
                because,
            })
        };
        if header.previous != self.previous || header.from_position != self.through + 1 {
            return Err(changed("it does not follow the seal before it"));
        }
        self.previous = header.hash();
        if self.tree.push(self.previous).concat() != nodes {
            return Err(changed("its nodes are not those of the tree"));
        }
        (self.last, self.through) = (header.number, header.to_position);
        self.seals += 1;
        match &self.checkpoint {
            Some(kept) if kept.size == self.tree.size() && kept.root != self.tree.root() => {
                Err(Box::new(Fault::CheckpointDiffers { size: kept.size }))
            }
            _ => Ok(()),
        }
    }

    fn end(&self) -> Result<(), Fault> {
        let (size, sealed) = match &self.checkpoint {
            Some(kept) => (kept.size, self.tree.size()),
            None => return Ok(()),
        };
        if size > sealed {
            return Err(Fault::CheckpointAhead { size, sealed });
        }
        Ok(())
    }
}

async fn unsealed(pool: &PgPool, through: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from events where position > $1")
        .bind(through)
        .fetch_one(pool)
        .await
}
