use std::io::Write;

use clap::Args;
use jan_projections::audit::Checkpoint;

/// Options of `events checkpoint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events checkpoint > /mnt/elsewhere/$(date +%F).txt
  jan-server events verify --checkpoint /mnt/elsewhere/2026-11-26.txt

A checkpoint is a signed note: how many seals there are, the root of the tree over them, when, and by
which key. Against one that is kept elsewhere no rewriting of the log goes unseen.
Exit codes: 0 done, 1 failed, 2 asked wrongly.")]
pub struct CheckpointArgs {}

/// Prints it.
pub fn checkpoint(checkpoint: &Checkpoint, out: &mut impl Write) -> anyhow::Result<()> {
    write!(out, "{checkpoint}")?;
    Ok(out.flush()?)
}
