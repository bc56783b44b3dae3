use std::io::Write;
use std::process::ExitCode;

use chrono::SecondsFormat;
use clap::Args;
use jan_projections::{Parked, Retried};

use super::OfProjection;

/// Options of `projections skip`.
#[derive(Debug, Args)]
pub struct SkipArgs {
    #[command(flatten)]
    pub(super) of: OfProjection,
    /// The event's place in the log
    #[arg(long)]
    pub position: i64,
    /// Why, for whoever reads it later; at most 500 characters
    #[arg(long)]
    pub reason: String,
}

impl SkipArgs {
    /// The projection's name.
    pub fn name(&self) -> &'static str {
        self.of.model.name()
    }
}

/// Prints what was set aside.
pub(super) fn list(parked: &[Parked], out: &mut impl Write) -> anyhow::Result<()> {
    for event in parked {
        let at = event.parked_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        writeln!(
            out,
            "{}  {at}  {} {}  {}",
            event.position, event.aggregate_type, event.aggregate_id, event.error
        )?;
    }
    if parked.is_empty() {
        writeln!(out, "Nothing is set aside.")?;
    }
    Ok(out.flush()?)
}

/// Prints what became of parked streams; a failure if one of them stays parked.
pub(super) fn tell(retried: &[Retried], out: &mut impl Write) -> anyhow::Result<ExitCode> {
    for stream in retried {
        let (id, events) = (&stream.stream, stream.events);
        match &stream.error {
            None => writeln!(out, "{id}: {events} events folded")?,
            Some(error) => writeln!(out, "{id}: still parked: {error}")?,
        }
    }
    if retried.is_empty() {
        writeln!(out, "Nothing is set aside.")?;
    }
    out.flush()?;
    let stuck = retried.iter().any(|stream| stream.error.is_some());
    Ok(ExitCode::from(u8::from(stuck)))
}
