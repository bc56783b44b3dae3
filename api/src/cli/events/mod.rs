//! `jan-server events`: the log as it is stored.

mod checkpoint;
mod export;
mod import;
mod prove;
mod record;
mod show;
mod tail;
mod text;
mod verify;

use std::io;

use clap::{Args, Subcommand};
use jan_projections::StoredEvent;
use serde::Serialize;
use serde_json::value::RawValue;

pub use checkpoint::{CheckpointArgs, checkpoint};
pub use export::{ExportArgs, ExportFailure, write_line};
pub use import::{BATCH_EVENTS, ImportArgs};
pub use prove::{ProveArgs, VerifyProofArgs, prove, verify_proof};
pub use show::{ShowArgs, show};
pub use tail::{TailArgs, tail};
pub use verify::{VerifyArgs, verify};

use self::text::EventLine;
use super::terminal::Palette;

/// What to read of the event log.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Print the newest events, and those to come
    Tail(TailArgs),
    /// Print the whole history of one stream
    Show(ShowArgs),
    /// Write events to standard output as lines that another log can take
    Export(ExportArgs),
    /// Take in events that another log has written
    Import(ImportArgs),
    /// Check that nothing on record was changed, added, moved or taken away
    Verify(VerifyArgs),
    /// Print a signed checkpoint of the log, to be kept elsewhere
    Checkpoint(CheckpointArgs),
    /// Print the proof that one event is on record
    Prove(ProveArgs),
    /// Check such a proof, without a database
    VerifyProof(VerifyProofArgs),
}

/// How events are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Look {
    /// One JSON object per line, with the whole payload and metadata
    #[arg(long)]
    json: bool,
    /// Print payloads too
    #[arg(long, conflicts_with = "json")]
    payload: bool,
    /// Leave sealed payloads sealed, as they are stored
    #[arg(long)]
    sealed: bool,
}

/// An event for a script. Payload and metadata are the stored text, every digit of it.
#[derive(Serialize)]
struct EventObject<'e> {
    position: i64,
    aggregate_type: &'e str,
    stream: &'e str,
    sequence: i64,
    r#type: &'e str,
    version: &'e str,
    recorded_at: String,
    payload: &'e RawValue,
    metadata: &'e RawValue,
}

impl Look {
    /// Prints one event.
    fn print(self, out: &mut impl io::Write, event: &StoredEvent) -> io::Result<()> {
        if self.json {
            return writeln!(out, "{}", object(event)?);
        }
        let palette = Palette::of_stdout();
        writeln!(out, "{}", EventLine::of(event)?.paint(palette))?;
        if self.payload {
            for line in text::indented(&event.payload).lines() {
                writeln!(out, "          {line}")?;
            }
        }
        Ok(())
    }
}

/// The event as one JSON object.
pub(super) fn object(event: &StoredEvent) -> io::Result<String> {
    let object = EventObject {
        position: event.position,
        aggregate_type: &event.aggregate_type,
        stream: &event.aggregate_id,
        sequence: event.sequence,
        r#type: &event.event_type,
        version: &event.event_version,
        recorded_at: text::time(event),
        payload: serde_json::from_str(&event.payload)?,
        metadata: serde_json::from_str(&event.metadata)?,
    };
    Ok(serde_json::to_string(&object)?)
}
