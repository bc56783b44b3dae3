//! Making way for writers. A build takes the whole machine while nobody writes; while many do, its parts
//! take turns, and rest after each twice as long as it took. So writers keep most of what they had, and
//! a build always goes on.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use crate::feed::last_position;

/// New events a second below which nobody loses anything that would be seen.
const TRICKLE: f64 = 100.0;
/// Time between two looks at the log.
const LOOK: Duration = Duration::from_millis(200);
/// How many times as long as a turn its rest is.
const REST: u32 = 2;
/// Longest rest, whatever the turn took.
const REST_MAX: Duration = Duration::from_secs(2);

/// When the parts of a build may work.
pub(super) struct Pace {
    pool: PgPool,
    /// Nobody is made way for.
    full_speed: bool,
    log: Mutex<Log>,
    turn: Mutex<()>,
}

/// The end of the log as it was seen last.
struct Log {
    seen: Option<(i64, Instant)>,
    is_written: bool,
}

/// A part's time to work.
pub(super) struct Turn<'p> {
    /// Held while others write, also through the rest that follows.
    alone: Option<MutexGuard<'p, ()>>,
    began: Instant,
}

impl Pace {
    pub(super) fn new(pool: PgPool, full_speed: bool) -> Self {
        Self {
            pool,
            full_speed,
            log: Mutex::new(Log {
                seen: None,
                is_written: false,
            }),
            turn: Mutex::new(()),
        }
    }

    /// Waits until this part may work: at once while nobody writes.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, sqlx::Error> {
        let alone = if self.makes_way().await? {
            Some(self.turn.lock().await)
        } else {
            None
        };
        Ok(Turn {
            alone,
            began: Instant::now(),
        })
    }

    async fn makes_way(&self) -> Result<bool, sqlx::Error> {
        if self.full_speed {
            return Ok(false);
        }
        let mut log = self.log.lock().await;
        let now = Instant::now();
        if log.seen.is_none_or(|(_, at)| now - at >= LOOK) {
            let mut connection = self.pool.acquire().await?;
            log.see(last_position(&mut connection).await?, now);
        }
        Ok(log.is_written)
    }
}

impl Log {
    fn see(&mut self, head: i64, now: Instant) {
        if let Some((before, at)) = self.seen.replace((head, now)) {
            self.is_written = is_written(head - before, now - at);
        }
    }
}

impl Turn<'_> {
    /// Ends the turn, with the rest that it owes.
    pub(super) async fn end(self) {
        if self.alone.is_some() {
            sleep((self.began.elapsed() * REST).min(REST_MAX)).await;
        }
    }
}

/// Whether so many new events in such a time are somebody's writing.
fn is_written(events: i64, time: Duration) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let events = events as f64;
    events > TRICKLE * time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_nobody_and_a_stream_is_somebody() {
        assert!(!is_written(0, LOOK));
        assert!(!is_written(20, LOOK));
        assert!(is_written(21, LOOK));
        assert!(!is_written(6_000, Duration::from_mins(1)));
    }

    #[test]
    fn the_first_look_says_nothing_and_each_further_one_anew() {
        let begun = Instant::now();
        let mut log = Log {
            seen: None,
            is_written: false,
        };
        log.see(5_000, begun);
        assert!(!log.is_written);
        log.see(6_000, begun + LOOK);
        assert!(log.is_written);
        log.see(6_001, begun + 2 * LOOK);
        assert!(!log.is_written, "writers are gone");
    }
}
