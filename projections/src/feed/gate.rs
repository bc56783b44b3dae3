//! The gate: up to which position nothing can appear any more.
//!
//! Positions are drawn before commit, so a later one may become visible first, and a rolled-back
//! one never appears. A reader that follows `position > last` therefore loses events. The gate is
//! a barrier in two steps:
//!
//! 1. `last` = the last position drawn, whoever drew it;
//! 2. in a **later** statement, `xid` = a transaction id of our own.
//!
//! Whoever drew a position at or below `last` had its transaction id before (see the order of the
//! columns of `events`), hence a smaller one than `xid`. Once the oldest running transaction is
//! not older than `xid`, all of them have ended, and everything up to `last` is settled.
//!
//! Two traps, each of which lost events when we fell into it: the next transaction id is not
//! `pg_snapshot_xmax` (that is the last *completed* one plus one), and the `last_value` of a
//! sequence that was never used is 1, where `pg_sequence_last_value` answers null.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tokio::time::sleep;

use crate::kept::Kept;

/// Pause between two looks of somebody who waits.
const GLANCE: Duration = Duration::from_millis(2);

/// What one step of the gate found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing was drawn since the last settled position.
    Idle,
    /// This many positions wait for transactions that are still running.
    Waiting(i64),
    /// Everything up to this position is settled.
    Settled(i64),
}

/// One node's barrier. At most one pair of `last` and `xid` is in flight, and no transaction id is
/// used up while nothing moves.
pub(crate) struct Gate {
    kept: Kept,
    settled: i64,
    pending: Option<Pending>,
}

struct Pending {
    last: i64,
    xid: i64,
}

impl Gate {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            kept: Kept::of(pool),
            settled: 0,
            pending: None,
        }
    }

    /// Asks the database once: two round trips when nobody else is writing.
    pub(crate) async fn step(&mut self) -> Result<Step, sqlx::Error> {
        let mut connection = self.kept.take().await?;
        let step = self.ask(&mut connection).await?;
        self.kept.put_back(connection);
        Ok(step)
    }

    /// The last position drawn when this is called, once it is settled.
    pub(crate) async fn settle(&mut self) -> Result<i64, sqlx::Error> {
        loop {
            match self.step().await? {
                Step::Settled(_) | Step::Idle => return Ok(self.settled),
                Step::Waiting(_) => sleep(GLANCE).await,
            }
        }
    }

    async fn ask(&mut self, connection: &mut PgConnection) -> Result<Step, sqlx::Error> {
        let (pending, oldest_running) = if let Some(pending) = self.pending.take() {
            (pending, oldest_running(connection).await?)
        } else {
            let last = last_position(connection).await?;
            if last <= self.settled {
                return Ok(Step::Idle);
            }
            let (xid, oldest_running) = draw_xid(connection).await?;
            (Pending { last, xid }, oldest_running)
        };
        if oldest_running >= pending.xid {
            self.settled = pending.last;
            return Ok(Step::Settled(self.settled));
        }
        let waiting = Step::Waiting(pending.last - self.settled);
        self.pending = Some(pending);
        Ok(waiting)
    }
}

/// The last position drawn, committed or not; 0 when none ever was.
pub(crate) async fn last_position(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let sql = "select pg_sequence_last_value('events_position_seq'::regclass)";
    let last: Option<i64> = sqlx::query_scalar(sql).fetch_one(connection).await?;
    Ok(last.unwrap_or(0))
}

/// A fresh transaction id, and the oldest running one as seen just before: equal when nobody
/// else is writing. Nothing is written here, so this commits without a flush.
async fn draw_xid(connection: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    let sql = "select pg_current_xact_id()::text::bigint, \
                      pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    sqlx::query_as(sql).fetch_one(connection).await
}

async fn oldest_running(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let sql = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    sqlx::query_scalar(sql).fetch_one(connection).await
}
