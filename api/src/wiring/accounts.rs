use std::io::Write;
use std::sync::Arc;

use jan_domain::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_projections::{EventTail, ReadModels};

use super::erasing::erase;
use super::reading_keys;
use crate::cli::accounts::{AccountsCommand, confirm, erased, export, list, show};

/// Runs one of the commands about accounts.
pub(super) async fn accounts(
    command: &AccountsCommand,
    pool: &Pool,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let reads = ReadModels::elsewhere(pool).accounts;
    match command {
        AccountsCommand::List(args) => list(args, &reads.list().await?, out)?,
        AccountsCommand::Show(args) => {
            let holdings = reads.holdings(&owner_of(&args.account)).await?;
            show(&args.account, &holdings, out)?;
        }
        AccountsCommand::Export(args) => {
            let keys = reading_keys(config, pool)?;
            let log = EventTail::new(pool.clone()).opening(Arc::clone(&keys));
            export(&log.of_owner(&owner_of(&args.account)).await?, out)?;
        }
        AccountsCommand::Erase(args) => {
            let owner = owner_of(&args.account);
            show(&args.account, &reads.holdings(&owner).await?, out)?;
            confirm(args, out)?;
            erased(erase(config, pool, &owner).await?, out)?;
        }
    }
    Ok(())
}

fn owner_of(account: &AccountId) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: account.clone(),
    }
}
