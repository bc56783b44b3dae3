use std::sync::Arc;

use jan_commands::store::OwnerKeys;
use jan_domain::ports::{Keyring, NoKeys};
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_infra::identity::{MasterKeyError, MasterKeyRing};

/// The keys of owners, for a server: its master keys are made on the first start.
pub(super) fn owner_keys(config: &Config, pool: &Pool) -> Result<OwnerKeys, MasterKeyError> {
    let masters = MasterKeyRing::of(config)?;
    let sealing = config.keys.seal_events;
    Ok(OwnerKeys::new(pool.clone(), Arc::new(masters), sealing))
}

/// The keys of owners, for a command that reads; none where there are no master keys.
pub(super) fn reading_keys(
    config: &Config,
    pool: &Pool,
) -> Result<Arc<dyn Keyring>, MasterKeyError> {
    Ok(match MasterKeyRing::find(config)? {
        None => Arc::new(NoKeys),
        Some(masters) => Arc::new(OwnerKeys::new(pool.clone(), Arc::new(masters), false)),
    })
}
