//! From one life of a child to the next.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::life::{Ending, live};
use super::seat::Seat;
use super::{ChildPlan, ChildState};
use crate::runtime::RuntimeError;

/// How often a child that never answered is tried before the start is called a failure.
const FIRST_TRIES: u32 = 4;
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A child that lived this long starts over with the shortest pause.
const PROVEN: Duration = Duration::from_mins(1);

/// Runs the child until it is asked to stop, or has never answered and will not.
pub(super) async fn keep_running<P: ChildPlan>(plan: P, mut seat: Seat) {
    let verdict = keep_trying(&plan, &mut seat).await;
    // The plan holds the lock on the data directory: it goes before anyone hears that we stopped.
    drop(plan);
    seat.state.send_replace(ChildState::Stopped);
    if let (Some(first), Err(failure)) = (seat.first, verdict) {
        // The caller may have given up waiting; then nobody is left to tell.
        let _told = first.send(Err(failure));
    }
}

async fn keep_trying<P: ChildPlan>(plan: &P, seat: &mut Seat) -> Result<(), RuntimeError> {
    let mut tries = 0;
    loop {
        let started = Instant::now();
        let Ending::Failed(failure) = live(plan, seat).await else {
            return Ok(());
        };
        tries = if started.elapsed() > PROVEN {
            1
        } else {
            tries + 1
        };
        if tries >= FIRST_TRIES && seat.first.is_some() {
            return Err(failure);
        }
        let pause = pause_after(tries);
        tracing::warn!(
            child.name = plan.name(),
            "{failure}\nstarting it again in {pause:?}"
        );
        seat.state.send_replace(ChildState::Pausing);
        tokio::select! {
            () = seat.stop.cancelled() => return Ok(()),
            () = sleep(pause) => {}
        }
    }
}

/// Doubles from half a second to half a minute.
fn pause_after(tries: u32) -> Duration {
    PAUSE_MIN
        .saturating_mul(1 << tries.saturating_sub(1).min(10))
        .min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_half_a_minute() {
        let pauses: Vec<_> = (1..9).map(|tries| pause_after(tries).as_millis()).collect();
        assert_eq!(
            pauses,
            [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
        );
    }
}
