//! The command line: what can be said to `jan-server`, one file per subcommand.

pub mod accounts;
mod archive;
pub mod code_worker;
pub mod config;
pub mod conversations;
pub mod doctor;
pub mod events;
pub mod graphql_schema;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod projections;
pub mod responses;
pub mod retention;
pub mod serve;
pub mod stop;
pub mod terminal;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use self::accounts::AccountsCommand;
pub use self::archive::{Archive, When};
use self::conversations::ConversationsCommand;
use self::events::EventsCommand;
use self::keys::KeysCommand;
use self::projections::ProjectionsCommand;
use self::responses::ResponsesCommand;
use self::retention::RetentionCommand;

/// An OpenAI-compatible LLM platform whose whole history is an event log in Postgres.
///
/// Without any configuration it runs its own Postgres and a small local model in the data
/// directory. Set `DATABASE_URL` and `JAN_DEFAULT_NODE_URL` to use yours.
#[derive(Debug, Parser)]
#[command(name = "jan-server", version, propagate_version = true)]
#[command(after_help = "\
Examples:
  jan-server serve                    database, model and API on http://127.0.0.1:8000
  jan-server doctor                   what is found, missing and chosen, and why
  jan-server events tail --follow     everything that happens, as it happens
  jan-server keys admin               a token for the routes under /v1/admin
  jan-server config                   every setting, its value and its origin

Exit codes: 0 done, 1 failed, 2 asked wrongly (an unknown option, a wrong setting).")]
pub struct Cli {
    /// What is common to all subcommands.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all subcommands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Options {
    /// Configuration file [default: ./jan.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the embedded database, the local model and the keys [default: .jan]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Postgres to use instead of the embedded one
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Any other setting, as listed by `jan-server config`; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub settings: Vec<(String, String)>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    /// Bring the database's schema up to date
    Migrate(migrate::MigrateArgs),
    /// Read the event log
    #[command(subcommand)]
    Events(EventsCommand),
    /// Look at conversations, as they are and as they stood
    #[command(subcommand)]
    Conversations(ConversationsCommand),
    /// Look at what responses did
    #[command(subcommand)]
    Responses(ResponsesCommand),
    /// Look at the read models
    #[command(subcommand)]
    Projections(ProjectionsCommand),
    /// Make credentials
    #[command(subcommand)]
    Keys(KeysCommand),
    /// See, export and erase accounts
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Give up what is too old
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Print every setting, its value and where it comes from
    Config(config::ConfigArgs),
    /// Tell what is found, missing and chosen, and whether the server can start
    Doctor(doctor::DoctorArgs),
    /// Print the description of the API as JSON
    Openapi(openapi::OpenapiArgs),
    /// Print the GraphQL schema
    GraphqlSchema(graphql_schema::GraphqlSchemaArgs),
    /// Run one program and end; started by the server itself
    #[command(hide = true)]
    CodeWorker(code_worker::CodeWorkerArgs),
}

fn name_and_value(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Cli {
    /// The settings given on the command line, by name.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let mut settings = self.options.settings.clone();
        if let Some(dir) = &self.options.data_dir {
            settings.push(("data_dir".to_owned(), dir.display().to_string()));
        }
        if let Some(url) = &self.options.database_url {
            settings.push(("database.url".to_owned(), url.clone()));
        }
        if let Command::Serve(serve) = &self.command {
            settings.extend(serve.overrides());
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
