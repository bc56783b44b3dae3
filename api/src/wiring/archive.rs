use std::sync::Arc;

use jan_commands::store::{AppenderLimits, EventLog, Store};
use jan_domain::conversation::Conversation;
use jan_domain::response::Response;
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_infra::id_generator::UuidV7Ids;
use jan_infra::identity::MasterKeyError;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::reading_keys;
use crate::cli::Archive;

/// The streams of this database, opened as far as the master keys that are here open them, for a
/// command that reads them.
pub(super) fn archive(pool: Pool, config: &Config) -> Result<Archive, MasterKeyError> {
    let keyring = reading_keys(config, &pool)?;
    let ids = Arc::new(UuidV7Ids);
    let nobody = Arc::new(Notify::new());
    let limits = AppenderLimits::default();
    // Its writer has nothing to write, and ends with it.
    let log = EventLog::start(pool, ids, nobody, limits, &TaskTracker::new()).sealed_by(keyring);
    Ok(Archive {
        conversations: Store::<Conversation>::new(log.clone()),
        responses: Store::<Response>::new(log),
    })
}
