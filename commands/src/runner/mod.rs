//! Keeps calls from being left open: processes show that they live, and the living close or take up
//! what the dead have left. Its tables hold what a run needs beside its stream: the journal of
//! effects, the streams of runs in the background, and the keys of their tool servers.

mod caller_places;
pub(crate) mod endings;
pub(crate) mod journal;
pub(crate) mod local;
mod node_lease;
mod recovery;
mod secrets;
mod stream_log;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{Seal, ToolHost};
use jan_domain::tool_permissions::ToolPermissions;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

pub use node_lease::NodeLease;
pub(crate) use node_lease::living;
pub use recovery::{RecoveryError, close_abandoned, keep_closing_abandoned};
pub use stream_log::StreamLog;

pub use self::caller_places::{CallerPlace, CallerPlaces};
use self::journal::Journal;
use self::local::LocalRuns;
use self::secrets::RunSecrets;

/// What carrying runs needs.
pub struct Runner {
    pub(crate) tools: Arc<dyn ToolHost>,
    pub(crate) journal: Journal,
    pub(crate) stream_log: StreamLog,
    pub(crate) secrets: RunSecrets,
    pub(crate) local: LocalRuns,
    /// Tool calls that callers make themselves.
    pub(crate) direct_calls: CallerPlaces,
    pub(crate) limits: RunLimits,
    pub(crate) pool: PgPool,
}

/// Bounds of a run.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// Rounds of tool calls.
    pub tool_depth_max: u32,
    /// Longest a tool call may take.
    pub tool_timeout: Duration,
    /// Which of the deployment's own tools callers may use.
    pub tool_permissions: ToolPermissions,
    /// Tool calls that one caller makes itself, at once.
    pub direct_calls_max: usize,
    /// Longest a run may take.
    pub duration_max: Duration,
    /// Runs in the background at once in this process; more of them wait.
    pub background_max: usize,
    /// How long the streams of runs in the background can be read again.
    pub stream_kept: Duration,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            tool_depth_max: 8,
            tool_timeout: Duration::from_secs(45),
            tool_permissions: ToolPermissions::default(),
            direct_calls_max: 8,
            duration_max: Duration::from_mins(30),
            background_max: 64,
            stream_kept: Duration::from_hours(24),
        }
    }
}

impl Runner {
    /// Puts the parts together.
    pub fn new(
        pool: PgPool,
        tools: Arc<dyn ToolHost>,
        seal: Arc<dyn Seal>,
        limits: RunLimits,
    ) -> Self {
        Self {
            tools,
            journal: Journal::new(pool.clone()),
            stream_log: StreamLog::new(pool.clone()),
            secrets: RunSecrets::new(pool.clone(), seal),
            local: LocalRuns::new(limits.background_max),
            direct_calls: CallerPlaces::new(limits.direct_calls_max),
            limits,
            pool,
        }
    }

    /// Lets runs in the background go, so that other processes, or the next start, take them up.
    pub fn hand_over(&self) {
        self.local.handing_over.cancel();
    }

    /// Says, once it is cancelled, that this process is about to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.local.handing_over.clone()
    }
}
