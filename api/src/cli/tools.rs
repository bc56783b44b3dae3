//! `jan-server tools`: the tools of the deployment's servers, as they are now.

use std::io::Write;

use clap::{Args, Subcommand};
use jan_domain::ports::ToolServerReport;
use serde_json::json;

use crate::rest::admin::tool_servers::ToolServerBody;

/// What can be asked about tools.
#[derive(Debug, Subcommand)]
pub enum ToolsCommand {
    /// Ask every configured tool server what it offers
    List(ListArgs),
}

/// Options of `tools list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server tools list
  jan-server tools list --json | jq -r '.data[] | \"\\(.label) \\(.pin)\"'

The pin of a server that you have looked at goes into its [[tool_servers]] table: pin = \"sha256:…\".
From then on, tools that are not as they were approved are withheld (tools.pins).
Exit codes: 0 done, 1 a setting cannot work, 2 asked wrongly.")]
pub struct ListArgs {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Prints what was found.
pub fn list(
    args: &ListArgs,
    reports: Vec<ToolServerReport>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let servers: Vec<_> = reports.into_iter().map(ToolServerBody::from).collect();
    if args.json {
        writeln!(out, "{}", json!({"object": "list", "data": servers}))?;
        return Ok(());
    }
    if servers.is_empty() {
        writeln!(
            out,
            "No tool server is configured ([[tool_servers]] in jan.toml)."
        )?;
    }
    for server in &servers {
        show(server, out)?;
    }
    Ok(())
}

fn show(server: &ToolServerBody, out: &mut impl Write) -> anyhow::Result<()> {
    let era = server.era.unwrap_or("era unknown");
    writeln!(out, "{}  {}, {}", server.label, era, server.pin_state)?;
    if let Some(error) = &server.last_error {
        writeln!(out, "  {error}")?;
    }
    if let Some(pin) = &server.pin {
        writeln!(out, "  pin = \"{pin}\"")?;
    }
    for tool in &server.tools {
        let offered = if tool.offered { "offered" } else { "withheld" };
        let changes = match tool.changes.as_slice() {
            [] => String::new(),
            ["new"] => ", new".to_owned(),
            ["unknown"] => ", perhaps changed".to_owned(),
            parts => format!(", changed: {}", parts.join(", ")),
        };
        writeln!(out, "  {:<32} {offered}{changes}", tool.name)?;
        if !tool.offered {
            writeln!(out, "    {}={}", tool.name, tool.pin)?;
        }
    }
    Ok(())
}
