use std::io::{self, Write};

use anyhow::bail;
use clap::Args;
use jan_projections::ReadError;
use jan_projections::audit::{ExportWish, ExportedEvent};

use super::record;

/// Options of `events export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events export > log.jsonl
  jan-server events export --open --conversation conv_01a20559 > report.jsonl
  jan-server events export --from 1000 --to 2000 | jq -r .type | sort | uniq -c

One JSON object per line, in the order of positions. Payload and metadata are the bytes that are stored.
What is sealed can only be read where its owner's key is: use --open for a copy that `events import` takes
into another log, and keep in mind what is in it.
Exit codes: 0 done, 1 failed or there is nothing, 2 asked wrongly.")]
pub struct ExportArgs {
    /// Only events of this stream
    #[arg(long, value_name = "ID", conflicts_with = "conversation")]
    stream: Option<String>,
    /// Only this conversation and the responses in it
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// Only from this position on
    #[arg(long, value_name = "POSITION")]
    from: Option<i64>,
    /// Only up to this position
    #[arg(long, value_name = "POSITION")]
    to: Option<i64>,
    /// Open what is sealed under keys of its owners, as far as the master keys here do
    #[arg(long)]
    open: bool,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportFailure {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A stored event is no JSON.
    #[error("a stored event cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The lines could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl ExportArgs {
    /// What is asked for.
    pub fn wish(&self) -> ExportWish {
        ExportWish {
            stream: self.stream.clone(),
            conversation: self.conversation.clone(),
            from: self.from,
            to: self.to,
        }
    }

    /// Whether sealed payloads are opened.
    pub fn opens(&self) -> bool {
        self.open
    }

    /// Something was asked for by name, and there is none of it.
    pub fn found(&self, events: u64) -> anyhow::Result<()> {
        match self.stream.as_ref().or(self.conversation.as_ref()) {
            Some(named) if events == 0 => bail!("there are no events of '{named}'"),
            _ => Ok(()),
        }
    }
}

/// Writes one event as a line.
pub fn write_line(event: &ExportedEvent, out: &mut impl Write) -> Result<(), ExportFailure> {
    let line = record::write(event)?;
    Ok(writeln!(out, "{line}")?)
}
