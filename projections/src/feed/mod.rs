//! The feed: all events, in the order of their positions, none twice and none left out.

mod gate;
mod opening;
mod page;
mod pulse;
mod stored;
mod streams;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jan_domain::ports::Keyring;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, watch};

pub(crate) use gate::{Gate, Step, last_position};
pub(crate) use page::{Entry, EventPage, PAGE_EVENTS_MAX, SELECT, Stream};
pub(crate) use pulse::{Bells, run};
pub use stored::StoredEvent;
pub(crate) use stored::{open_stored, read_stored};
pub(crate) use streams::{IN_ORDER, StreamPage, StreamRange};

use crate::kept::Kept;

/// One node's reading of history. Projectors that stand at the same position share one page, read
/// and decoded once; those that are behind read their own.
pub(crate) struct Feed {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
    settled: watch::Receiver<i64>,
    events_max: u32,
    asked: AtomicU32,
    tail: Mutex<Tail>,
}

/// The page that those who keep up share, and the connection it was read on.
struct Tail {
    page: Arc<EventPage>,
    kept: Kept,
}

/// Why a feed has no more pages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("the gate has stopped")]
    Stopped,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Feed {
    pub(crate) fn new(
        pool: PgPool,
        keyring: Arc<dyn Keyring>,
        settled: watch::Receiver<i64>,
        events_max: u32,
    ) -> Self {
        let tail = Mutex::new(Tail {
            page: Arc::new(EventPage {
                after: 0,
                through: 0,
                entries: Vec::new(),
            }),
            kept: Kept::of(pool.clone()),
        });
        Self {
            pool,
            keyring,
            settled,
            events_max,
            asked: AtomicU32::new(events_max),
            tail,
        }
    }

    /// What opens sealed events.
    pub(crate) fn keyring(&self) -> &dyn Keyring {
        self.keyring.as_ref()
    }

    /// Up to where the gate has settled history.
    pub(crate) fn settled(&self) -> i64 {
        *self.settled.borrow()
    }

    /// What follows `position`, as soon as something settled does.
    pub(crate) async fn page_after(&self, position: i64) -> Result<Arc<EventPage>, FeedError> {
        let mut watched = self.settled.clone();
        let settled = *watched
            .wait_for(|settled| *settled > position)
            .await
            .map_err(|_| FeedError::Stopped)?;
        let mut tail = self.tail.lock().await;
        if tail.page.after == position && tail.page.through > position {
            return Ok(Arc::clone(&tail.page));
        }
        if position < tail.page.after {
            drop(tail);
            let mut connection = self.pool.acquire().await?;
            return Ok(Arc::new(
                self.read(&mut connection, position, settled).await?,
            ));
        }
        let mut connection = tail.kept.take().await?;
        let page = Arc::new(self.read(&mut connection, position, settled).await?);
        tail.kept.put_back(connection);
        tail.page = Arc::clone(&page);
        Ok(page)
    }

    /// Asks for fewer events after a page that large ones filled early: what the database sends
    /// beyond a full page is thrown away.
    async fn read(
        &self,
        connection: &mut PgConnection,
        position: i64,
        settled: i64,
    ) -> Result<EventPage, sqlx::Error> {
        let asked = self.asked.load(Ordering::Relaxed);
        let keyring = self.keyring.as_ref();
        let page = EventPage::read(connection, keyring, (position, settled), asked).await?;
        let taken = u32::try_from(page.entries.len()).expect("a page fits in memory");
        let next = if page.through < settled && taken < asked {
            taken.saturating_mul(2)
        } else {
            asked.saturating_mul(2).min(self.events_max)
        };
        self.asked.store(next, Ordering::Relaxed);
        Ok(page)
    }
}
