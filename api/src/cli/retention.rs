//! `jan-server retention`: what is too old, and giving it up.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use jan_commands::retention::ClassReport;
use serde_json::json;

/// What to do about what is too old.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Give up what is too old, now
    Run(RetentionArgs),
}

/// Options of `retention run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server retention run --dry-run
  jan-server retention run --json | jq 'select(.removed > 0)'

A running server does this once an hour. The limits are the settings retention.*, limits.stream_kept,
limits.idempotency_ttl and media.retention_days. Guests go as `accounts erase` makes them go, at most
1,000 at once; images and files go at the end they were given when they came, at most 10,000 at once.
Exit codes: 0 done, 1 failed, 2 asked wrongly.")]
pub struct RetentionArgs {
    /// Only say what would be given up
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object per class instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints what a sweep found and did.
pub fn report(
    args: &RetentionArgs,
    classes: &[ClassReport],
    out: &mut impl Write,
) -> io::Result<()> {
    if !args.json {
        writeln!(
            out,
            "CLASS             KEPT       FOUND    REMOVED      BYTES"
        )?;
    }
    for class in classes {
        if args.json {
            let seconds = class.kept.map(|kept| kept.as_secs());
            let object = json!({"class": class.class, "kept_seconds": seconds,
                "found": class.found, "removed": class.removed, "bytes": class.bytes});
            writeln!(out, "{object}")?;
            continue;
        }
        let kept = class.kept.map_or("always".to_owned(), |kept| {
            format!("{} h", kept.as_secs() / 3600)
        });
        let bytes = class
            .bytes
            .map_or("-".to_owned(), |bytes| bytes.to_string());
        let (name, found, removed) = (class.class, class.found, class.removed);
        writeln!(
            out,
            "{name:<17} {kept:<8} {found:>7} {removed:>10} {bytes:>10}"
        )?;
    }
    out.flush()
}
