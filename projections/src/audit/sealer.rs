//! The loop that seals what has settled, behind the appends and out of their way.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use jan_domain::id::NodeId;
use jan_domain::ports::Signer;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::key::PublicKey;
use super::leaf::read_leaves;
use super::merkle::{Frontier, Hash, hash, root};
use super::seal::{self, Seal, SealHeader};
use super::sealing_lease::SealingLease;
use super::{index, seal_tree};
use crate::feed::{Gate, Step};

/// Most events of one seal.
const SEAL_EVENTS_MAX: u32 = 1_000;
/// Time between two looks for what has settled.
const PACE: Duration = Duration::from_secs(1);
/// How often a waiting gate is asked again.
const WAITING: Duration = Duration::from_millis(10);

/// Seals the log while this node holds the lease.
pub struct Sealer {
    /// The database of the log.
    pub pool: PgPool,
    /// Whose word the seals are.
    pub signer: Arc<dyn Signer>,
    /// This process.
    pub node: NodeId,
    /// The rhythm.
    pub tuning: SealerTuning,
}

/// The rhythm of sealing. The default is what production runs with.
#[derive(Debug, Clone)]
pub struct SealerTuning {
    /// Most events of one seal.
    pub seal_events_max: u32,
    /// Time between two looks for what has settled.
    pub pace: Duration,
    /// How long a silent node keeps the lease.
    pub lease: Duration,
}

impl Default for SealerTuning {
    fn default() -> Self {
        Self {
            seal_events_max: SEAL_EVENTS_MAX,
            pace: PACE,
            lease: crate::lease::LEASE,
        }
    }
}

/// Why sealing was interrupted.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error("another node seals")]
    LeaseLost,
    #[error(
        "seal {last_number} was made, and {found} is the last one there: seals have been removed, and \
         none is made until `jan-server events verify` has been looked at"
    )]
    SealsMissing { last_number: i64, found: i64 },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The end of the chain, as this node knows it.
struct Chain {
    lease: SealingLease,
    renewed: Instant,
    gate: Gate,
    settled: i64,
    /// Everything up to here is sealed, or nothing is there.
    passed: i64,
    /// Everything up to here can be searched by index.
    indexed: i64,
    last: (i64, Hash),
    /// The last position that a seal covers.
    covered: i64,
    tree: Frontier,
}

/// The events of the next seal.
#[derive(Default)]
struct Stretch {
    leaves: Vec<Hash>,
    positions: Vec<i64>,
}

impl Sealer {
    /// Runs until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let mut healthy = true;
        while !cancel.is_cancelled() {
            let ended = match self.take_up().await {
                Ok(None) => Ok(()),
                Ok(Some(chain)) => self.hold(chain, &cancel).await,
                Err(error) => Err(error),
            };
            match &ended {
                Err(error @ Interruption::SealsMissing { .. }) if healthy => {
                    tracing::error!("the event log is not sealed: {error}");
                }
                Err(Interruption::Database(error)) if healthy => {
                    tracing::error!(error = %error, "sealing was interrupted and will be continued");
                }
                _ => {}
            }
            healthy = ended.is_ok();
            cancel.run_until_cancelled(sleep(self.tuning.pace)).await;
        }
    }

    fn lease(&self) -> SealingLease {
        SealingLease {
            node: self.node.clone(),
            duration: self.tuning.lease,
        }
    }

    /// Takes the lease, if it is free, and finds the end of the chain.
    async fn take_up(&self) -> Result<Option<Chain>, Interruption> {
        let (lease, renewed) = (self.lease(), Instant::now());
        let Some(last_number) = lease.take(&self.pool).await? else {
            return Ok(None);
        };
        let header = seal::last(&self.pool).await?.map(|seal| seal.header);
        let found = header.as_ref().map_or(0, |header| header.number);
        if found < last_number {
            return Err(Interruption::SealsMissing { last_number, found });
        }
        let covered = header.as_ref().map_or(0, |header| header.to_position);
        Ok(Some(Chain {
            lease,
            renewed,
            gate: Gate::new(self.pool.clone()),
            settled: 0,
            passed: covered,
            indexed: 0,
            last: (found, header.map_or([0; 32], |header| header.hash())),
            covered,
            tree: seal_tree::frontier(&self.pool, found.unsigned_abs()).await?,
        }))
    }

    /// Seals until cancelled, then gives the lease back.
    async fn hold(&self, mut chain: Chain, cancel: &CancellationToken) -> Result<(), Interruption> {
        while !cancel.is_cancelled() {
            let pause = self.beat(&mut chain).await?;
            cancel.run_until_cancelled(sleep(pause)).await;
        }
        Ok(chain.lease.release(&self.pool).await?)
    }

    /// One look for what has settled; answers when to look again.
    async fn beat(&self, chain: &mut Chain) -> Result<Duration, Interruption> {
        if chain.renewed.elapsed() >= self.tuning.lease / 3 {
            chain.renewed = Instant::now();
            if chain.lease.take(&self.pool).await? != Some(chain.last.0) {
                return Err(Interruption::LeaseLost);
            }
        }
        match chain.gate.step().await? {
            Step::Waiting(_) => return Ok(WAITING),
            Step::Settled(settled) => chain.settled = settled,
            Step::Idle => {}
        }
        while chain.passed < chain.settled {
            self.seal_next(chain).await?;
        }
        if chain.indexed < chain.settled {
            let mut connection = self.pool.acquire().await?;
            index::follow(&mut connection, &self.node, chain.settled).await?;
            chain.indexed = chain.settled;
        }
        Ok(self.tuning.pace)
    }

    /// Seals the next stretch. One in which nothing is was passed by transactions that came to
    /// nothing; the next seal covers it.
    async fn seal_next(&self, chain: &mut Chain) -> Result<(), Interruption> {
        let mut connection = self.pool.acquire().await?;
        let most = self.tuning.seal_events_max;
        let range = (chain.passed, chain.settled);
        let stretch = Stretch::read(&mut connection, range, most).await?;
        let full = u32::try_from(stretch.leaves.len()) == Ok(most);
        let through = match stretch.positions.last() {
            Some(last) if full => *last,
            _ => chain.settled,
        };
        if !stretch.leaves.is_empty() {
            self.write(&mut connection, chain, stretch, through).await?;
            chain.covered = through;
        }
        chain.passed = through;
        Ok(())
    }

    /// One transaction: the seal, and word of it beside the lease. Who has lost the lease writes
    /// nothing; if two should write, the seal's number lets one of them.
    async fn write(
        &self,
        connection: &mut PgConnection,
        chain: &mut Chain,
        stretch: Stretch,
        through: i64,
    ) -> Result<(), Interruption> {
        let number = chain.last.0 + 1;
        let mut transaction = connection.begin().await?;
        let sealed_at = chain.lease.advance(&mut transaction, number).await?;
        let sealed_at = sealed_at.ok_or(Interruption::LeaseLost)?;
        let positions = stretch.position_bytes();
        let header = SealHeader {
            number,
            from_position: chain.covered + 1,
            to_position: through,
            event_count: i64::try_from(stretch.leaves.len()).expect("a stretch is short"),
            root: root(&stretch.leaves),
            positions_hash: hash(&positions),
            previous: chain.last.1,
            sealed_at,
            key_id: PublicKey::from(self.signer.public_key()).id(),
        };
        let mut tree = chain.tree.clone();
        let seal = Seal {
            signature: self.signer.sign(&header.canonical()).to_vec(),
            leaves: stretch.leaves.concat(),
            positions,
            nodes: tree.push(header.hash()).concat(),
            header,
        };
        insert(&mut transaction, &seal).await?;
        transaction.commit().await?;
        chain.last = (number, seal.header.hash());
        chain.tree = tree;
        chain.renewed = Instant::now();
        Ok(())
    }
}

impl Stretch {
    async fn read(
        connection: &mut PgConnection,
        range: (i64, i64),
        events_max: u32,
    ) -> Result<Self, sqlx::Error> {
        let leaves = read_leaves(connection, range, events_max).await?;
        let stretch = leaves.try_fold(Self::default(), async |mut stretch, leaf| {
            let position = leaf.position();
            let position = position.ok_or_else(|| sqlx::Error::Protocol("no position".into()))?;
            stretch.positions.push(position);
            stretch.leaves.push(leaf.hash());
            Ok(stretch)
        });
        stretch.await
    }

    fn position_bytes(&self) -> Vec<u8> {
        let bytes = self.positions.iter().map(|position| position.to_be_bytes());
        bytes.collect::<Vec<_>>().concat()
    }
}

async fn insert(connection: &mut PgConnection, seal: &Seal) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into event_seals
               (number, from_position, to_position, event_count, root, leaves, positions, previous,
                nodes, sealed_at, key_id, signature)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let header = &seal.header;
    sqlx::query(sql)
        .bind(header.number)
        .bind(header.from_position)
        .bind(header.to_position)
        .bind(header.event_count)
        .bind(&header.root[..])
        .bind(&seal.leaves)
        .bind(&seal.positions)
        .bind(&header.previous[..])
        .bind(&seal.nodes)
        .bind(header.sealed_at)
        .bind(&header.key_id)
        .bind(&seal.signature)
        .execute(connection)
        .await?;
    Ok(())
}
