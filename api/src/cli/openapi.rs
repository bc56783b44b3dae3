//! `jan-server openapi`: the description of the API.

use std::io::Write;

use clap::Args;

/// Options of `openapi`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server openapi > openapi.json
  jan-server openapi | jq '.paths | keys[]'

It is the document that a server shows at /openapi.json. Nothing is started and no setting is read.
Exit codes: 0 done, 2 asked wrongly.")]
pub struct OpenapiArgs {}

/// Prints the document.
pub fn openapi(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{}", crate::document().to_pretty_json()?)?;
    Ok(out.flush()?)
}
