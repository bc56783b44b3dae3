use std::io::Write;

use anyhow::bail;
use clap::Args;
use jan_domain::id::ResponseId;
use serde_json::{Value, json};

use crate::cli::archive::{Archive, When, line};
use crate::cli::terminal::{Ink, Palette, columns};
use crate::rest::responses::replay::frames::replay as replayed;

/// Options of `responses replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server responses replay resp_01a20559
  jan-server responses replay resp_01a20559 --json | jq '.frames[].told'
  JAN_TOKEN=$TOKEN jan-server responses replay resp_01a20559 --re-execute --model other

Times are milliseconds since the first event and since the one before. Nothing is called, unless
--re-execute asks a running server to make the response again: in a fork of its conversation, with the
token of whose it is. Without --allow-unsafe-tools no tool that changes something is called.
Exit codes: 0 done, 1 failed or no such response, 2 asked wrongly.")]
pub struct ReplayArgs {
    /// The response (resp_… or chatcmpl-…)
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    again: Again,
    /// One JSON object, with everything that went in and came out
    #[arg(long)]
    json: bool,
}

/// How a response is made again.
#[derive(Debug, Args)]
struct Again {
    /// Make it again on a running server and compare the two
    #[arg(long, conflicts_with = "When")]
    re_execute: bool,
    /// With --re-execute: which model makes it [default: the same]
    #[arg(long, requires = "re_execute", value_name = "MODEL")]
    model: Option<String>,
    /// With --re-execute: tools that change something may be called again
    #[arg(long, requires = "re_execute")]
    allow_unsafe_tools: bool,
    /// With --re-execute: the server to ask [default: where `serve` listens]
    #[arg(long, requires = "re_execute", value_name = "URL")]
    server: Option<String>,
    /// With --re-execute: the token of whose response it is; better in the environment than here
    #[arg(
        long,
        requires = "re_execute",
        env = "JAN_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

/// A wish to have a response made again, for the one who asks the server.
pub struct ReExecution<'a> {
    /// The response.
    pub id: ResponseId,
    /// Where the server is, if not where this configuration says.
    pub server: Option<&'a str>,
    /// Whose word it is.
    pub token: &'a str,
    /// The request's body.
    pub body: Value,
    /// Whether the answer is wanted as JSON.
    pub json: bool,
}

impl ReplayArgs {
    /// Whether the response is to be made again.
    pub fn re_executes(&self) -> bool {
        self.again.re_execute
    }

    /// What is to be made again, and how.
    pub fn re_execution(&self) -> anyhow::Result<ReExecution<'_>> {
        let Some(token) = &self.again.token else {
            bail!("making a response again takes the token of its owner: set JAN_TOKEN");
        };
        Ok(ReExecution {
            id: parsed(&self.id)?,
            server: self.again.server.as_deref(),
            token,
            body: json!({
                "re_execute": true,
                "model": self.again.model,
                "allow_unsafe_tools": self.again.allow_unsafe_tools,
            }),
            json: self.json,
        })
    }
}

fn parsed(id: &str) -> anyhow::Result<ResponseId> {
    match ResponseId::parse(id) {
        Ok(id) => Ok(id),
        Err(_) => bail!("'{}' is not the id of a response", line(id, 100)),
    }
}

/// Prints one response's history.
pub async fn replay(
    args: &ReplayArgs,
    archive: &Archive,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let id = parsed(&args.id)?;
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
