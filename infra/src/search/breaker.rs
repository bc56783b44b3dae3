use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::engine::EngineFailure;

/// Failures in a row after which an engine is left alone, and for how long.
const FAILURES_MAX: u32 = 5;
const LEFT_ALONE: Duration = Duration::from_secs(30);
/// The same for one that will say the same again: a key does not mend itself.
const LEFT_ALONE_LONG: Duration = Duration::from_mins(5);

/// Whether an engine is worth asking.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now. Once its time is over one question is let through, and the next only when
    /// that was answered or as much time has passed again.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.until {
            Some(until) if now < until => false,
            Some(_) => {
                state.until = Some(now + LEFT_ALONE);
                true
            }
            None => true,
        }
    }

    /// Takes note of how a question went.
    pub(super) fn note(&self, failure: Option<EngineFailure>, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            // A question that is refused says nothing about the next.
            None | Some(EngineFailure::Refused(_)) => *state = State::default(),
            Some(EngineFailure::Unauthorized | EngineFailure::UsedUp) => {
                state.until = Some(now + LEFT_ALONE_LONG);
            }
            Some(_) => {
                state.failures = state.failures.saturating_add(1);
                if state.failures >= FAILURES_MAX {
                    state.until = Some(now + LEFT_ALONE);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, EngineFailure, Instant, LEFT_ALONE, LEFT_ALONE_LONG};

    #[test]
    fn an_engine_that_keeps_failing_is_left_alone_for_a_while() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            breaker.note(Some(EngineFailure::OutOfOrder(500)), now);
        }
        assert!(breaker.admits(now));
        breaker.note(Some(EngineFailure::TimedOut), now);
        assert!(!breaker.admits(now));
        let later = now + LEFT_ALONE;
        assert!(breaker.admits(later), "one is let through");
        assert!(!breaker.admits(later), "and no more");
        breaker.note(None, later);
        assert!(breaker.admits(later) && breaker.admits(later));
    }

    #[test]
    fn a_key_that_is_refused_is_not_shown_again_soon() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        breaker.note(Some(EngineFailure::Unauthorized), now);
        assert!(!breaker.admits(now + LEFT_ALONE));
        assert!(breaker.admits(now + LEFT_ALONE_LONG));
    }
}
