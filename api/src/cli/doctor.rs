//! `jan-server doctor`: what is found, missing and chosen, and why.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::terminal::{Ink, Palette, columns, wrapped};
use crate::wiring::Detection;

/// Columns before what a check says.
const MARGIN: usize = 25;

/// Options of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server doctor
  jan-server doctor --json | jq -r '.checks[] | select(.state == \"problem\") | .advice'

Looks at settings, port, database, schema, model, providers and where media lies, and runs a program
of one line where python_exec would. Leaves nothing running and changes nothing.
Exit codes: 0 the server can start (or runs), 1 it cannot and the advice says what to do, 2 asked
wrongly or a setting is wrong.")]
pub struct DoctorArgs {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Of this program.
    pub version: &'static str,
    /// Whether `serve` would come up, or runs already.
    pub can_start: bool,
    /// One after the other, as `serve` would come across them.
    pub checks: Vec<Check>,
    /// What was found of the embedded parts; absent when none is needed.
    pub runtime: Option<Detection>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub says: String,
    /// What to do, if something is to be done.
    pub advice: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Good,
    /// The server starts, but somebody should look.
    Warning,
    /// The server does not start.
    Problem,
}

impl Check {
    /// Something as it should be.
    pub fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, State::Good, says.into(), None)
    }

    /// Something that is worth a look.
    pub fn warning(name: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::Warning, says.into(), Some(advice.into()))
    }

    /// Something that keeps the server from starting.
    pub fn problem(name: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::Problem, says.into(), Some(advice.into()))
    }

    fn new(name: &'static str, state: State, says: String, advice: Option<String>) -> Self {
        Self {
            name,
            state,
            says,
            advice,
        }
    }
}

impl Diagnosis {
    /// Puts the checks together.
    pub fn of(checks: Vec<Check>, runtime: Option<Detection>) -> Self {
        let problem = checks.iter().any(|check| check.state == State::Problem);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            can_start: !problem,
            checks,
            runtime,
        }
    }
}

/// Prints the diagnosis.
pub fn doctor(
    args: &DoctorArgs,
    diagnosis: &Diagnosis,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(diagnosis)?)?;
        return Ok(out.flush()?);
    }
    let (palette, columns) = (Palette::of_stdout(), columns());
    writeln!(out, "jan-server {}\n", diagnosis.version)?;
    for check in &diagnosis.checks {
        print(check, palette, columns, out)?;
    }
    if let Some(runtime) = &diagnosis.runtime {
        writeln!(out, "\nParts of the embedded runtime")?;
        for line in runtime.to_string().lines() {
            writeln!(out, "  {line}")?;
        }
    }
    let verdict = if diagnosis.can_start {
        palette.ink(Ink::Green, "The server can start.")
    } else {
        palette.ink(Ink::Red, "The server cannot start: see the problems above.")
    };
    writeln!(out, "\n{verdict}")?;
    Ok(out.flush()?)
}

fn print(
    check: &Check,
    palette: Palette,
    columns: usize,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let state = match check.state {
        State::Good => palette.ink(Ink::Green, "good   "),
        State::Warning => palette.ink(Ink::Yellow, "warning"),
        State::Problem => palette.ink(Ink::Red, "problem"),
    };
    let advice = check.advice.iter().map(|advice| format!("-> {advice}"));
    let texts = [check.says.clone()].into_iter().chain(advice);
    let mut lines = texts.flat_map(|text| wrapped(&text, columns.saturating_sub(MARGIN)));
    let first = lines.next().unwrap_or_default();
    writeln!(out, "{state}  {:<14}  {first}", check.name)?;
    for line in lines {
        writeln!(out, "{:MARGIN$}{line}", "")?;
    }
    Ok(())
}
