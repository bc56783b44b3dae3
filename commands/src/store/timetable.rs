//! When a batch of appends leaves.
//!
//! A commit costs Postgres as much as ten rows, and only one commit is made durable at a time, so
//! appends that come close together had better travel together. Three rules:
//!
//! 1. With nothing under way, a lone append leaves at once.
//! 2. When a statement has just come back, those it has answered are about to append again: the
//!    next one waits for them, for at most half the time a statement takes.
//! 3. While a statement is under way, another one leaves beside it only when it carries several
//!    appends and as many as travel already, so that the disk is busy with one half while the
//!    other half is prepared; or when the statement under way takes too long.

use std::time::Duration;

use tokio::time::Instant;

/// Longest wait for those who were just answered.
const COMPANY_MAX: Duration = Duration::from_millis(2);
/// Shorter waits are not worth a timer, which counts in milliseconds.
const COMPANY_MIN: Duration = Duration::from_millis(1);
/// Appends that are worth another statement beside one under way.
const SEVERAL: usize = 8;
/// Longest wait for a statement under way; it may be held up by something of its own.
const PATIENCE: Duration = Duration::from_millis(10);

/// The appends that wait for the next statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) appends: usize,
    /// When the first of them came.
    pub(super) since: Instant,
    /// Appends in statements under way.
    pub(super) travelling: usize,
}

/// What the last statement lets us expect.
#[derive(Debug)]
pub(super) struct Timetable {
    /// Appends that make the next statement complete.
    expected: usize,
    /// When it leaves without them.
    until: Instant,
}

impl Timetable {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            expected: 0,
            until: now,
        }
    }

    /// A statement has come back after `took` and answered so many appends.
    pub(super) fn returned(
        &mut self,
        waiting: usize,
        answered: usize,
        took: Duration,
        now: Instant,
    ) {
        let company = (took / 2).min(COMPANY_MAX);
        self.expected = waiting + answered;
        self.until = if company < COMPANY_MIN {
            now
        } else {
            now + company
        };
    }

    /// Whether the next statement leaves now, given that there is somebody to carry it.
    pub(super) fn leaves(&self, waiting: Waiting, now: Instant) -> bool {
        match waiting {
            Waiting { appends: 0, .. } => false,
            Waiting { travelling: 0, .. } => waiting.appends >= self.expected || now >= self.until,
            Waiting { travelling, .. } => {
                waiting.appends >= travelling.max(SEVERAL) || now >= waiting.since + PATIENCE
            }
        }
    }

    /// When to ask again if nothing happens until then.
    pub(super) fn next_look(&self, waiting: Waiting) -> Instant {
        if waiting.travelling == 0 {
            self.until
        } else {
            waiting.since + PATIENCE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW_DISK: Duration = Duration::from_millis(3);

    fn waiting(appends: usize, travelling: usize, since: Instant) -> Waiting {
        Waiting {
            appends,
            since,
            travelling,
        }
    }

    fn after(answered: usize, took: Duration, still_waiting: usize) -> (Timetable, Instant) {
        let now = Instant::now();
        let mut timetable = Timetable::new(now);
        timetable.returned(still_waiting, answered, took, now);
        (timetable, now)
    }

    #[test]
    fn a_lone_append_leaves_at_once() {
        let now = Instant::now();
        assert!(Timetable::new(now).leaves(waiting(1, 0, now), now));
        // Also the second of one caller, right after its first.
        let (timetable, now) = after(1, SLOW_DISK, 0);
        assert!(timetable.leaves(waiting(1, 0, now), now));
    }

    #[test]
    fn who_was_just_answered_is_waited_for() {
        let (timetable, now) = after(3, SLOW_DISK, 2);
        assert!(!timetable.leaves(waiting(2, 0, now), now));
        assert!(!timetable.leaves(waiting(4, 0, now), now));
        assert!(timetable.leaves(waiting(5, 0, now), now));
        let look = timetable.next_look(waiting(2, 0, now));
        assert_eq!(look, now + SLOW_DISK / 2);
        assert!(timetable.leaves(waiting(2, 0, now), look));
        assert!(!timetable.leaves(waiting(0, 0, now), look));
    }

    #[test]
    fn the_wait_is_short_and_a_fast_disk_has_none() {
        let (timetable, now) = after(3, Duration::from_secs(5), 2);
        assert!(timetable.leaves(waiting(2, 0, now), now + COMPANY_MAX));
        let (timetable, now) = after(3, Duration::from_micros(400), 2);
        assert!(timetable.leaves(waiting(2, 0, now), now));
    }

    #[test]
    fn another_statement_is_for_several_appends_and_for_hold_ups() {
        let (timetable, now) = after(3, SLOW_DISK, 2);
        assert!(!timetable.leaves(waiting(SEVERAL - 1, 1, now), now));
        assert!(timetable.leaves(waiting(SEVERAL, 1, now), now));
        assert!(!timetable.leaves(waiting(39, 40, now), now));
        assert!(timetable.leaves(waiting(40, 40, now), now));
        let look = timetable.next_look(waiting(1, 1, now));
        assert_eq!(look, now + PATIENCE);
        assert!(timetable.leaves(waiting(1, 1, now), look));
    }
}
