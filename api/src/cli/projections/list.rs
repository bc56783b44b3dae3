use std::io::Write;

use chrono::SecondsFormat;
use clap::Args;
use jan_projections::ProjectionStatus;
use serde::Serialize;

use crate::cli::terminal::{Ink, Palette};

/// Options of `projections list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server projections list
  jan-server projections list --json | jq '.[] | select(.lag_events > 0)'

STATUS is live for what answers reads, building for what will, standby for what did before and is kept
up to date in case it has to again (`jan-server projections rollback`), failed for a build that ended.
VERSION is the fold that made it; 0 has not been filled yet.
LAG counts the events that are not folded in yet, and the age of the oldest of them. PARKED counts
events that were set aside because they could not be folded, and all later ones of their streams.
OWNER is the process that runs the projection now.
Exit codes: 0 done, 1 failed, 2 asked wrongly.")]
pub struct ListArgs {
    /// One JSON array instead of a table
    #[arg(long)]
    json: bool,
}

const COLUMNS: usize = 9;

#[derive(Serialize)]
struct StatusObject<'s> {
    name: &'s str,
    generation: i32,
    status: &'static str,
    version: i32,
    position: i64,
    event_count: i64,
    lag_events: i64,
    lag_seconds: f64,
    parked_count: i64,
    owner: Option<&'s str>,
    updated_at: String,
    last_error: Option<&'s str>,
}

/// Prints them all.
pub fn list(
    args: &ListArgs,
    projections: &[ProjectionStatus],
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if args.json {
        let objects: Vec<_> = projections.iter().map(StatusObject::of).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&objects)?)?;
        return Ok(out.flush()?);
    }
    let head = [
        "NAME",
        "GENERATION",
        "STATUS",
        "VERSION",
        "POSITION",
        "LAG",
        "PARKED",
        "UPDATED",
        "OWNER",
    ];
    let rows: Vec<_> = projections.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let palette = Palette::of_stdout();
    let title = padded(&head.map(str::to_owned), &widths);
    writeln!(out, "{}", palette.ink(Ink::Faint, &title))?;
    for (row, status) in rows.iter().zip(projections) {
        let line = padded(row, &widths);
        let ink = (status.parked_count > 0 || status.last_error.is_some()).then_some(Ink::Red);
        let line = ink.map_or(line.clone(), |ink| palette.ink(ink, &line));
        writeln!(out, "{line}")?;
        if let Some(error) = &status.last_error {
            writeln!(out, "  {}", palette.ink(Ink::Red, error))?;
        }
    }
    if projections.is_empty() {
        writeln!(
            out,
            "No server has run its projections on this database yet."
        )?;
    }
    Ok(out.flush()?)
}

fn cells(status: &ProjectionStatus) -> [String; COLUMNS] {
    let lag = match status.lag_events {
        0 => "none".to_owned(),
        events => format!("{events} events, {:.1} s", status.lag_seconds),
    };
    [
        status.name.clone(),
        status.generation.to_string(),
        status.status.as_str().to_owned(),
        status.version.to_string(),
        status.position.to_string(),
        lag,
        status.parked_count.to_string(),
        time(status),
        status.lease_owner.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn padded(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn time(status: &ProjectionStatus) -> String {
    status.updated_at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl<'s> StatusObject<'s> {
    fn of(status: &'s ProjectionStatus) -> Self {
        Self {
            name: &status.name,
            generation: status.generation,
            status: status.status.as_str(),
            version: status.version,
            position: status.position,
            event_count: status.event_count,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            parked_count: status.parked_count,
            owner: status.lease_owner.as_deref(),
            updated_at: time(status),
            last_error: status.last_error.as_deref(),
        }
    }
}
