//! `jan-server keys`: credentials.

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a token of an administrator
    Admin(AdminArgs),
}

/// Options of `keys admin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  export ADMIN=$(jan-server keys admin)
  curl -H \"Authorization: Bearer $ADMIN\" localhost:8000/v1/admin/nodes

The token is signed with the server's own key (auth.signing_key_file, or the data directory's), so
whoever can read that key can act as an administrator. It cannot be taken back: keep it short.
Exit codes: 0 done, 1 failed, 2 asked wrongly.")]
pub struct AdminArgs {
    /// Hours for which it is good
    #[arg(long, value_name = "HOURS", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=8760))]
    hours: u64,
}

impl AdminArgs {
    /// How long the token is good.
    pub fn lifetime(&self) -> Duration {
        Duration::from_hours(self.hours)
    }
}

/// Prints a token and nothing else, for scripts.
pub fn admin(token: &str, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{token}")?;
    Ok(out.flush()?)
}
