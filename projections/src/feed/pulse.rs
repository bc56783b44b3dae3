//! The gate's loop: when to ask, and who hears of it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Step};
use crate::metrics::Metrics;

/// How often an idle gate looks for what other nodes appended.
const IDLE: Duration = Duration::from_millis(50);
/// How often a waiting gate looks whether the transactions before it have ended.
const WAITING: Duration = Duration::from_millis(1);
/// How long a gate rests after the database did not answer.
const FAILED: Duration = Duration::from_millis(500);

/// What makes the gate ask sooner.
#[derive(Clone)]
pub(crate) struct Bells {
    /// Rung by the event store of this process after each append.
    pub(crate) appended: Arc<Notify>,
    /// Rung by a reader that waits for its own write.
    pub(crate) hurry: Arc<Notify>,
}

/// Publishes the settled position until cancelled.
///
/// The first append after a quiet time is published at once; under load there is one round per
/// `pace`, which folds many events in one transaction per projection. A reader that waits cuts
/// the pace short.
pub(crate) async fn run(
    pool: PgPool,
    bells: Bells,
    pace: Duration,
    (settled, metrics): (watch::Sender<i64>, Metrics),
    cancel: CancellationToken,
) {
    let beat = beat(Gate::new(pool), &bells, pace, &settled, &metrics);
    cancel.run_until_cancelled(beat).await;
}

async fn beat(
    mut gate: Gate,
    bells: &Bells,
    pace: Duration,
    settled: &watch::Sender<i64>,
    metrics: &Metrics,
) {
    let mut healthy = true;
    loop {
        let earliest_next = Instant::now() + pace;
        let step = gate.step().await;
        if let Err(error) = &step
            && healthy
        {
            tracing::error!(error = %error, "the event feed cannot reach the database");
        }
        healthy = step.is_ok();
        match step {
            Ok(Step::Settled(position)) => {
                metrics.feed_lag.record(0, &[]);
                settled.send_replace(position);
                tokio::select! {
                    () = sleep_until(earliest_next) => {}
                    () = bells.hurry.notified() => {}
                }
            }
            // The bells keep one ring each, so a ring during this sleep is heard afterwards.
            Ok(Step::Waiting(behind)) => {
                metrics.feed_lag.record(behind, &[]);
                sleep(WAITING).await;
            }
            Ok(Step::Idle) => tokio::select! {
                () = sleep(IDLE) => {}
                () = bells.appended.notified() => {}
                () = bells.hurry.notified() => {}
            },
            Err(_) => sleep(FAILED).await,
        }
    }
}
