use std::io::Write;
use std::process::ExitCode;

use jan_infra::config::Config;

use super::accounts::accounts;
use super::archive::archive;
use super::erasing::give_up;
use super::events::events;
use super::projections::projections;
use super::{DatabaseVisit, migrate, owner_keys};
use crate::cli::Command;
use crate::cli::conversations::{self, ConversationsCommand};
use crate::cli::keys::{KeysCommand, rotate};
use crate::cli::responses::{ResponsesCommand, replay};
use crate::cli::retention::RetentionCommand;

/// Runs one of the commands that need the database, and answers what the program ends with.
pub async fn at_database(
    visit: &mut DatabaseVisit,
    command: &Command,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if let Command::Migrate(_) = command {
        migrate(&visit.open(config).await?, out).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let pool = visit.read(config).await?;
    match command {
        Command::Events(command) => events(command, pool, config, out).await?,
        Command::Conversations(ConversationsCommand::Show(args)) => {
            conversations::show(args, &archive(pool, config)?, out).await?;
        }
        Command::Conversations(ConversationsCommand::Diff(args)) => {
            conversations::diff(args, &archive(pool, config)?, out).await?;
        }
        Command::Responses(ResponsesCommand::Replay(args)) => {
            replay(args, &archive(pool, config)?, out).await?;
        }
        Command::Projections(command) => return projections(command, pool, config, out).await,
        Command::Accounts(command) => accounts(command, &pool, config, out).await?,
        Command::Retention(RetentionCommand::Run(args)) => {
            give_up(args, &pool, config, out).await?;
        }
        Command::Keys(KeysCommand::Rotate(_)) => rotate(&owner_keys(config, &pool)?, out).await?,
        _ => unreachable!("the others need no database"),
    }
    Ok(ExitCode::SUCCESS)
}
