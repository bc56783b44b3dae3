//! Reading your own write: a read waits until its read model has passed everything that was in
//! the log when the read began.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::account::AccountChanges;
use crate::conversation::ConversationChanges;
use crate::document::DocumentChanges;
use crate::error::ReadError;
use crate::feed::last_position;
use crate::media::MediaChanges;
use crate::projection::Definition;
use crate::response::ResponseChanges;
use crate::run::RunChanges;
use crate::usage::UsageChanges;

/// Longest wait of a read. Beyond it the read is served as it stands.
pub const WAIT_MAX: Duration = Duration::from_secs(2);
/// First and longest pause between two looks at another node's checkpoint.
const LOOK: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// What a caller asks of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consistency {
    /// Everything that was acknowledged before the read is seen.
    #[default]
    Strong,
    /// Whatever is there, at once.
    Eventual,
}

/// What a read got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Everything that was acknowledged before the read is there.
    Fresh,
    /// The wait was too long; recent writes may be missing.
    Stale,
    /// Nobody asked.
    Unchecked,
}

/// A read model that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadModel {
    /// Conversations and their items.
    Conversations,
    /// Model calls.
    Responses,
    /// Responses of several steps, and their steps.
    Runs,
    /// Accounts and closed sessions.
    Accounts,
    /// What accounts used.
    Usage,
    /// Documents and their passages.
    Documents,
    /// What callers keep in the object store.
    Media,
}

impl ReadModel {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Conversations,
        Self::Responses,
        Self::Runs,
        Self::Accounts,
        Self::Usage,
        Self::Documents,
        Self::Media,
    ];

    /// What it is made of.
    pub(crate) fn definition(self) -> Definition {
        match self {
            Self::Conversations => Definition::of::<ConversationChanges>(),
            Self::Responses => Definition::of::<ResponseChanges>(),
            Self::Runs => Definition::of::<RunChanges>(),
            Self::Accounts => Definition::of::<AccountChanges>(),
            Self::Usage => Definition::of::<UsageChanges>(),
            Self::Documents => Definition::of::<DocumentChanges>(),
            Self::Media => Definition::of::<MediaChanges>(),
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|model| model.definition().name == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.definition().name
    }
}

/// Where the projections stand that run in this process; `None` for those that run elsewhere.
pub(crate) type LocalPositions = HashMap<ReadModel, watch::Receiver<Option<i64>>>;

/// The gate before strong reads.
#[derive(Clone)]
pub struct Barrier {
    pool: PgPool,
    hurry: Arc<Notify>,
    local: Arc<LocalPositions>,
}

impl Barrier {
    pub(crate) fn new(pool: PgPool, hurry: Arc<Notify>, local: LocalPositions) -> Self {
        Self {
            pool,
            hurry,
            local: Arc::new(local),
        }
    }

    /// Waits until `model` has passed the head of the log, for at most [`WAIT_MAX`].
    pub async fn reach(
        &self,
        model: ReadModel,
        consistency: Consistency,
    ) -> Result<Freshness, ReadError> {
        if consistency == Consistency::Eventual {
            return Ok(Freshness::Unchecked);
        }
        let head = last_position(&mut *self.pool.acquire().await?).await?;
        match timeout(WAIT_MAX, self.passed(model, head)).await {
            Ok(passed) => passed.map(|()| Freshness::Fresh),
            Err(_) => Ok(Freshness::Stale),
        }
    }

    async fn passed(&self, model: ReadModel, head: i64) -> Result<(), ReadError> {
        let mut local = self.local.get(&model).cloned();
        let mut pause = LOOK.0;
        loop {
            let here = local
                .as_mut()
                .and_then(|position| *position.borrow_and_update());
            match (here, local.as_mut()) {
                (Some(position), _) if position >= head => return Ok(()),
                (Some(_), Some(moved)) => {
                    self.hurry.notify_one();
                    if moved.changed().await.is_err() {
                        local = None;
                    }
                }
                _ => {
                    if self.checkpoint(model).await? >= head {
                        return Ok(());
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LOOK.1);
                }
            }
        }
    }

    async fn checkpoint(&self, model: ReadModel) -> Result<i64, ReadError> {
        let sql = r"
            select position
              from projections
             where name = $1
               and status = 'live'";
        let position: Option<i64> = sqlx::query_scalar(sql)
            .bind(model.definition().name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(position.unwrap_or(0))
    }
}
