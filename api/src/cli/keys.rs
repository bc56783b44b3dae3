//! `jan-server keys`: credentials.

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use jan_commands::store::OwnerKeys;

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a token of an administrator
    Admin(AdminArgs),
    /// Wrap the keys of owners by the newest master key
    Rotate(RotateArgs),
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

/// Options of `keys rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
To change the master key: put a new one (`openssl rand -base64 32`) before the old one, in the file or
the variable, and restart every server; run this; then the old one may be removed. What is sealed is
not touched, only the keys are wrapped anew. It can be interrupted and run again.
Exit codes: 0 every key is wrapped by the newest master key, 1 failed, 2 asked wrongly.")]
pub struct RotateArgs {}

/// Wraps all keys by the newest master key, with a bar on a terminal's standard error.
pub async fn rotate(keys: &OwnerKeys, out: &mut impl Write) -> anyhow::Result<()> {
    let outdated = keys.count_outdated().await?;
    let bar = ProgressBar::new(outdated);
    let mut done = 0;
    loop {
        let some = keys.rewrap_some().await?;
        if some == 0 {
            break;
        }
        done += some;
        bar.set_position(done);
    }
    bar.finish_and_clear();
    writeln!(
        out,
        "{done} keys are wrapped anew; older master keys may be removed."
    )?;
    Ok(out.flush()?)
}

/// Prints a token and nothing else, for scripts.
pub fn admin(token: &str, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{token}")?;
    Ok(out.flush()?)
}
