//! `jan-server config`: every setting, its value, and who said it.

use std::io::Write;

use clap::Args;

use super::terminal::{Ink, Palette, columns, wrapped};
use crate::wiring::{SettingLine, Source};

/// Options of `config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server config                      everything that can be set
  jan-server config --changed            what somebody has set
  jan-server config --json | jq -r '.[] | select(.source != \"default\") | .name'

A setting is read from the command line (--set NAME=VALUE), then from its environment variables,
then from jan.toml, then from the defaults. In jan.toml `server.port` is `port` in `[server]`.
Secrets are never printed. Exit codes: 0 done, 2 a setting is wrong.")]
pub struct ConfigArgs {
    /// One JSON array instead of text
    #[arg(long)]
    json: bool,
    /// Leave out what has its default
    #[arg(long)]
    changed: bool,
}

/// Prints the settings.
pub fn config(
    args: &ConfigArgs,
    settings: &[SettingLine],
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let wanted = |line: &&SettingLine| !args.changed || line.source != Source::Default;
    let wanted: Vec<_> = settings.iter().filter(wanted).collect();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&wanted)?)?;
        return Ok(out.flush()?);
    }
    let (palette, columns) = (Palette::of_stdout(), columns());
    for (at, setting) in wanted.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        print(setting, palette, columns, out)?;
    }
    if wanted.is_empty() {
        writeln!(out, "Every setting has its default.")?;
    }
    Ok(out.flush()?)
}

fn print(
    setting: &SettingLine,
    palette: Palette,
    columns: usize,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let ink = match setting.source {
        Source::Default => Ink::Faint,
        _ => Ink::Green,
    };
    let value = palette.ink(ink, &setting.value);
    let line = format!("{} = {value}", palette.ink(Ink::Bold, &setting.name));
    writeln!(out, "{}", line.trim_end())?;
    let indented = |text: &str| wrapped(text, columns - 4);
    for line in indented(setting.doc) {
        writeln!(out, "    {line}")?;
    }
    for line in indented(&origin(setting)) {
        writeln!(out, "    {}", palette.ink(Ink::Faint, &line))?;
    }
    Ok(())
}

/// Who said it, what it would be otherwise, and how to say it.
fn origin(setting: &SettingLine) -> String {
    let variables: Vec<_> = setting.env.iter().map(|name| format!("${name}")).collect();
    let variables = match variables.as_slice() {
        [] => "no variable".to_owned(),
        named => named.join(" or "),
    };
    match &setting.source {
        Source::Default => format!("default; {variables}"),
        source if setting.default.is_empty() => format!("from {source}; {variables}"),
        source => format!("from {source}; default {}; {variables}", setting.default),
    }
}
