use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::count;

/// How long appends are counted while nothing is built.
const QUIET: Duration = Duration::from_secs(8);
/// Connections that append.
pub(super) const APPENDERS: i64 = 4;

/// Appends as fast as they are let, until told to stop.
pub(super) struct Appends {
    stop: Arc<AtomicBool>,
    appended: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

/// A count of appends, and when it was taken.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    appended: u64,
    at: Instant,
}

impl Appends {
    /// Starts appending to streams whose names have `name` in them.
    pub(super) fn start(pool: &PgPool, name: &'static str) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            appended: Arc::default(),
            tasks: JoinSet::new(),
        };
        for task in 0..APPENDERS {
            let (pool, stop, appended) = (
                pool.clone(),
                Arc::clone(&load.stop),
                Arc::clone(&load.appended),
            );
            load.tasks.spawn(async move {
                for number in 0_i64.. {
                    if stop.load(Ordering::Relaxed)
                        || append(&pool, (name, task, number)).await.is_err()
                    {
                        return;
                    }
                    appended.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        load
    }

    pub(super) fn count(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            appended: self.count(),
            at: Instant::now(),
        }
    }

    /// Appends a second over the next while, in which nothing else is done.
    pub(super) async fn quiet_rate(&self) -> f64 {
        let begun = self.mark();
        sleep(QUIET).await;
        self.rate_since(begun)
    }

    /// Appends a second since then.
    pub(super) fn rate_since(&self, mark: Mark) -> f64 {
        count((self.count() - mark.appended).cast_signed()) / mark.at.elapsed().as_secs_f64()
    }

    pub(super) async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        self.appended.load(Ordering::Relaxed)
    }
}

/// One more conversation begins, as the first one in the log did.
async fn append(pool: &PgPool, (name, task, number): (&str, i64, i64)) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata)
        select aggregate_type, $1, 1, event_type, event_version, payload, metadata
          from events
         where position = 1";
    sqlx::query(sql)
        .bind(format!("conv_load_{name}_{task}_{number}"))
        .execute(pool)
        .await?;
    Ok(())
}
