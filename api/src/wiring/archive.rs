use std::sync::Arc;

use jan_commands::store::{AppenderLimits, EventLog, Store};
use jan_domain::conversation::Conversation;
use jan_domain::response::Response;
use jan_infra::database::Pool;
use jan_infra::id_generator::UuidV7Ids;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::cli::Archive;

/// The streams of this database, for a command that reads them.
pub fn archive(pool: Pool) -> Archive {
    let ids = Arc::new(UuidV7Ids);
    let nobody = Arc::new(Notify::new());
    let limits = AppenderLimits::default();
    // Its writer has nothing to write, and ends with it.
    let log = EventLog::start(pool, ids, nobody, limits, &TaskTracker::new());
    Archive {
        conversations: Store::<Conversation>::new(log.clone()),
        responses: Store::<Response>::new(log),
    }
}
