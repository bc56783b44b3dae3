use std::io::Write;

use anyhow::bail;
use clap::Args;
use jan_projections::EventTail;

use super::Look;

/// Options of `events show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events show conv_01a20559 --payload
  jan-server events show resp_01a20559 --json | jq .payload

Exit codes: 0 done, 1 failed or no such stream, 2 asked wrongly.")]
pub struct ShowArgs {
    /// The stream: a conversation (conv_…), a response (resp_… or chatcmpl-…) or an account (user_…)
    #[arg(value_name = "STREAM_ID")]
    stream: String,
    #[command(flatten)]
    look: Look,
}

impl ShowArgs {
    /// Whether sealed payloads stay sealed.
    pub fn sealed(&self) -> bool {
        self.look.sealed
    }
}

/// Prints one stream from its beginning.
pub async fn show(args: &ShowArgs, log: &EventTail, out: &mut impl Write) -> anyhow::Result<()> {
    let events = log.stream(&args.stream).await?;
    if events.is_empty() {
        bail!("there are no events of '{}'", args.stream);
    }
    for event in &events {
        args.look.print(out, event)?;
    }
    Ok(out.flush()?)
}
