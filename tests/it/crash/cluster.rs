//! A Postgres of one test's own, which may die without harm to the other tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jan_infra::runtime::{ChildState, EmbeddedPostgres, RuntimeSettings};
use jan_tests::process::signal;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long Postgres may take to come back.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// A running, supervised cluster that keeps its word like a real one, fsync included.
pub(super) struct Cluster {
    postgres: EmbeddedPostgres,
    directory: PathBuf,
}

impl Cluster {
    pub(super) async fn start() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("jan-crash-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self {
            postgres: start(&directory).await,
            directory,
        }
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.postgres.connect_options()
    }

    /// Kills the postmaster and waits until its supervisor has started another.
    pub(super) async fn kill(&self) {
        let mut state = self.postgres.state();
        let ChildState::Ready(old) = *state.borrow_and_update() else {
            panic!("Postgres is not there to be killed")
        };
        signal("KILL", old);
        let back = state.wait_for(|now| matches!(now, ChildState::Ready(new) if *new != old));
        let back = timeout(BACK_WITHIN, back).await;
        back.expect("Postgres comes back").unwrap();
    }

    /// Kills a part of it: the rest dies with that part and recovers in the same way, without the
    /// supervisor, which waits longer from death to death.
    pub(super) async fn kill_a_part(&self, pool: &PgPool) {
        let sql = "select pid from pg_stat_activity where backend_type = 'walwriter'";
        let part: i32 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
        signal("KILL", part.unsigned_abs());
        let back = async {
            // The first answers may still be those of the dying.
            sleep(Duration::from_millis(100)).await;
            while sqlx::query("select").execute(pool).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(BACK_WITHIN, back)
            .await
            .expect("Postgres comes back");
    }

    /// Stops it, and starts it again after a while.
    pub(super) async fn away_for(self, time: Duration) -> Self {
        let Self {
            postgres,
            directory,
        } = self;
        postgres.stop().await;
        sleep(time).await;
        Self {
            postgres: start(&directory).await,
            directory,
        }
    }

    pub(super) async fn stop(self) {
        self.postgres.stop().await;
        std::fs::remove_dir_all(&self.directory).unwrap();
    }
}

async fn start(directory: &Path) -> EmbeddedPostgres {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let mut settings = RuntimeSettings::new(directory, search_path);
    settings.wheels_dir = wheels_dir();
    settings.postgres.shared_buffers_mb = 64;
    let (tracker, never) = (TaskTracker::new(), CancellationToken::new());
    let started = EmbeddedPostgres::start(&settings, &tracker, &never).await;
    started.unwrap()
}

fn wheels_dir() -> PathBuf {
    let set_up = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.jan/runtime");
    std::env::var_os("JAN_TEST_RUNTIME_DIR").map_or_else(set_up, PathBuf::from)
}
