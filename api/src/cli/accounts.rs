//! `jan-server accounts`: who there is, what belongs to them, and how it is erased.

use std::io::{self, BufRead, Write};

use anyhow::bail;
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use jan_domain::id::AccountId;
use jan_projections::{AccountEntry, Holdings, StoredEvent};
use serde_json::json;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Print all accounts
    List(ListArgs),
    /// Print one account and how much belongs to it
    Show(AccountArgs),
    /// Print everything that is on record of an account, opened, one JSON object per event
    Export(AccountArgs),
    /// Erase an account for good, with everything it said and made
    Erase(EraseArgs),
}

/// Options of `accounts list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

/// Which account.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server accounts show user_01a20559
  jan-server accounts export user_01a20559 > theirs.jsonl

Exit codes: 0 done, 1 failed or no such account, 2 asked wrongly.")]
pub struct AccountArgs {
    /// The account
    #[arg(value_name = "ACCOUNT_ID", value_parser = account_id)]
    pub account: AccountId,
}

/// Options of `accounts erase`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server accounts erase user_01a20559
  jan-server accounts erase user_01a20559 --yes

The key of the account is destroyed, so that nothing it said can be read in the event log any more;
its rows elsewhere are deleted. Read models follow as soon as a server runs. Copies of the database
made before still hold the key: they have to expire. Nobody can take an erasure back.
Exit codes: 0 done, 1 failed or no such account or not confirmed, 2 asked wrongly.")]
pub struct EraseArgs {
    /// The account
    #[arg(value_name = "ACCOUNT_ID", value_parser = account_id)]
    pub account: AccountId,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

fn account_id(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|invalid| invalid.to_string())
}

/// Prints them all.
pub fn list(args: &ListArgs, accounts: &[AccountEntry], out: &mut impl Write) -> io::Result<()> {
    for account in accounts {
        let created_at = account
            .created_at
            .to_rfc3339_opts(SecondsFormat::Secs, true);
        let id = account.owner.account.as_str();
        let (kind, username) = (&account.kind, &account.username);
        if args.json {
            let object = json!({"id": id, "kind": kind, "username": username,
                "created_at": created_at});
            writeln!(out, "{object}")?;
        } else {
            writeln!(out, "{id}  {kind}  {created_at}  {username}")?;
        }
    }
    out.flush()
}

/// Prints what belongs to an account.
pub fn show(account: &AccountId, holdings: &Holdings, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{account} has")?;
    for (what, count) in [
        ("conversations", holdings.conversations),
        ("items in them", holdings.items),
        ("model calls", holdings.responses),
        ("responses of several steps", holdings.runs),
        ("documents", holdings.documents),
        ("images and files", holdings.files),
        ("days of usage", holdings.usage_days),
    ] {
        writeln!(out, "{count:>10} {what}")?;
    }
    out.flush()
}

/// Prints events, one a line.
pub fn export(events: &[StoredEvent], out: &mut impl Write) -> anyhow::Result<()> {
    if events.is_empty() {
        bail!("nothing is on record of this account");
    }
    for event in events {
        writeln!(out, "{}", super::events::object(event)?)?;
    }
    Ok(out.flush()?)
}

/// Asks whether it is meant, on a terminal's own lines.
pub fn confirm(args: &EraseArgs, out: &mut impl Write) -> anyhow::Result<()> {
    if args.yes {
        return Ok(());
    }
    write!(out, "Type the account's id to erase it for good: ")?;
    out.flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() != args.account.as_str() {
        bail!("nothing was erased: the account's id was not typed");
    }
    Ok(())
}

/// Tells that an account is erased, and what an erasure cannot reach.
pub fn erased(readable: i64, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Erased. Read models follow as soon as a server runs.")?;
    if readable > 0 {
        writeln!(
            out,
            "{readable} of its events were written while nothing was sealed, and can still be read in the \
             event log."
        )?;
    }
    out.flush()
}
