//! `jan-server responses`: what they did, from the record.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use jan_domain::id::ResponseId;
use serde_json::Value;

use super::archive::{Archive, When, line};
use super::terminal::{Ink, Palette, columns};
use crate::rest::responses::replay::frames::replay as replayed;

/// What to look at of a response.
#[derive(Debug, Subcommand)]
pub enum ResponsesCommand {
    /// Print what a response did, event by event; nothing is called
    Replay(ReplayArgs),
}

/// Options of `responses replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server responses replay resp_01a20559
  jan-server responses replay resp_01a20559 --json | jq '.frames[].told'

Times are milliseconds since the first event and since the one before. To make a response again, ask a
running server: POST /v1/responses/{id}/replay with {\"re_execute\": true}.
Exit codes: 0 done, 1 failed or no such response, 2 asked wrongly.")]
pub struct ReplayArgs {
    /// The response (resp_… or chatcmpl-…)
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    when: When,
    /// One JSON object, with everything that went in and came out
    #[arg(long)]
    json: bool,
}

/// Prints one response's history.
pub async fn replay(
    args: &ReplayArgs,
    archive: &Archive,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Ok(id) = ResponseId::parse(&args.id) else {
        bail!("'{}' is not the id of a response", line(&args.id, 100));
    };
    let past = archive
        .responses
        .as_of(id.as_str(), args.when.moment())
        .await?;
    if past.events.is_empty() {
        bail!("there is no response '{id}' at that moment");
    }
    let told = replayed(&id, &past);
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?;
        return Ok(out.flush()?);
    }
    let palette = Palette::of_stdout();
    for frame in told["frames"].as_array().into_iter().flatten() {
        writeln!(out, "{}", frame_line(frame, palette))?;
    }
    let totals = &told["totals"];
    let sum = format!(
        "{} after {} ms: {} steps, {} tool calls, {} tokens",
        told["status"].as_str().unwrap_or("deleted"),
        totals["duration_ms"],
        totals["steps"],
        totals["tool_calls"],
        totals["usage"]["total_tokens"],
    );
    writeln!(out, "{}", palette.ink(Ink::Bold, &sum))?;
    Ok(out.flush()?)
}

fn frame_line(frame: &Value, palette: Palette) -> String {
    let number = |name: &str| frame[name].as_i64().unwrap_or_default();
    let event = format!("{:<27}", frame["event"].as_str().unwrap_or_default());
    let took = format!(
        "{:>7} +{:<6}",
        number("since_start_ms"),
        number("since_last_ms")
    );
    let told = line(
        &frame["told"].to_string(),
        columns().saturating_sub(48).max(20),
    );
    format!(
        "{:>4}  {}  {}  {told}",
        number("version"),
        palette.ink(Ink::Faint, &took),
        palette.ink(Ink::Bold, &event),
    )
}
