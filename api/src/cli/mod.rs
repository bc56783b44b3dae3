//! The command line: what can be said to `jan-server`, one file per subcommand.

pub mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An OpenAI-compatible LLM platform whose whole history is an event log in Postgres.
///
/// Without any configuration it runs its own Postgres and a small local model in the data
/// directory. Set DATABASE_URL and JAN_DEFAULT_NODE_URL to use yours.
#[derive(Debug, Parser)]
#[command(name = "jan-server", version, propagate_version = true)]
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
pub struct Options {
    /// Configuration file [default: ./jan.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the embedded database, the local model and the keys [default: .jan]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Postgres to use instead of the embedded one
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
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
}

fn name_and_value(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Options {
    /// The settings given on the command line, by name.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let mut settings = self.settings.clone();
        if let Some(dir) = &self.data_dir {
            settings.push(("data_dir".to_owned(), dir.display().to_string()));
        }
        if let Some(url) = &self.database_url {
            settings.push(("database.url".to_owned(), url.clone()));
        }
        settings
    }
}
