use std::sync::Arc;
use std::time::Duration;

use jan_domain::id::NodeId;
use jan_domain::ports::Keyring;
use sqlx::PgPool;

use crate::metrics::Metrics;

/// Who builds.
#[derive(Clone)]
pub(crate) struct Builder {
    pub(crate) pool: PgPool,
    pub(crate) node: NodeId,
    /// How long a silent process keeps its builds.
    pub(crate) lease: Duration,
    /// What opens sealed events.
    pub(crate) keyring: Arc<dyn Keyring>,
    pub(crate) metrics: Metrics,
    /// Whether a load takes the whole machine also while others write.
    pub(crate) full_speed: bool,
}
