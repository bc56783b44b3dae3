//! `jan-server conversations`: what they hold, held, and how that differs.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jan_commands::conversation::PastConversation;
use jan_commands::store::Moment;
use jan_domain::conversation::Difference;
use jan_domain::item::{ContentPart, Item, ItemBody};
use serde_json::{Value, json};

use super::archive::{Archive, When, line};
use super::terminal::{Ink, Palette, columns};
use crate::rest::moment::precisely;

/// What to look at of a conversation.
#[derive(Debug, Subcommand)]
pub enum ConversationsCommand {
    /// Print a conversation as it is, or as it stood
    Show(ShowArgs),
    /// Print what leads from one version of a conversation to another
    Diff(DiffArgs),
}

/// Options of `conversations show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server conversations show conv_01a20559
  jan-server conversations show conv_01a20559 --at-version 7
  jan-server conversations show conv_01a20559 --at-time 2026-01-31T12:00:00Z --json

A conversation that was deleted can still be shown as it stood before.
Exit codes: 0 done, 1 failed or nothing there at that moment, 2 asked wrongly.")]
pub struct ShowArgs {
    /// The conversation (conv_…)
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    when: When,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Options of `conversations diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server conversations diff conv_01a20559 --from 3 --to 9
  jan-server conversations diff conv_01a20559 --from 3 --json | jq .items_added

Exit codes: 0 done, 1 failed or no such version, 2 asked wrongly.")]
pub struct DiffArgs {
    /// The conversation (conv_…)
    #[arg(value_name = "ID")]
    id: String,
    /// A version
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// Another version [default: the last]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

async fn read(archive: &Archive, id: &str, moment: Moment) -> anyhow::Result<PastConversation> {
    let past = archive.conversations.as_of(id, moment).await?;
    let version = past.then.version;
    if let Moment::Version(wanted) = moment
        && wanted > version
    {
        bail!("'{id}' has {version} versions, and {wanted} is beyond");
    }
    PastConversation::of(past)
        .with_context(|| format!("there is no conversation '{id}' at that moment"))
}

/// Prints one conversation.
pub async fn show(args: &ShowArgs, archive: &Archive, out: &mut impl Write) -> anyhow::Result<()> {
    let past = read(archive, &args.id, args.when.moment()).await?;
    if args.json {
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&object(&args.id, &past))?
        )?;
        return Ok(out.flush()?);
    }
    let (palette, live, record) = (Palette::of_stdout(), &past.live, &past.record);
    let title = line(live.title.as_deref().unwrap_or("(no title)"), columns());
    writeln!(out, "{}  {}", args.id, palette.ink(Ink::Bold, &title))?;
    let stood = format!(
        "version {} of {}, position {}, {}; owner {}",
        record.version,
        precisely(record.recorded_at),
        record.position,
        record.event_type,
        live.owner.account,
    );
    writeln!(out, "{}", palette.ink(Ink::Faint, &stood))?;
    for held in &past.items {
        writeln!(out, "{}", told(&held.item, ' ', palette))?;
    }
    Ok(out.flush()?)
}

/// Prints what differs between two versions of one.
pub async fn diff(args: &DiffArgs, archive: &Archive, out: &mut impl Write) -> anyhow::Result<()> {
    let first = read(archive, &args.id, Moment::Version(args.from)).await?;
    let to = args.to.map_or(Moment::Head, Moment::Version);
    let second = read(archive, &args.id, to).await?;
    let difference = Difference::between(&first.live, &second.live);
    if args.json {
        let (from, to) = (first.record.version, second.record.version);
        let body = crate::rest::conversations::diff::DiffBody::of(difference, from, to);
        writeln!(out, "{}", serde_json::to_string_pretty(&body)?)?;
        return Ok(out.flush()?);
    }
    let palette = Palette::of_stdout();
    for (what, change) in [
        ("title", &difference.title),
        ("referrer", &difference.referrer),
    ] {
        if let Some((was, is)) = change {
            let (was, is) = (json!(was).to_string(), json!(is).to_string());
            writeln!(out, "~ {what}: {} -> {}", line(&was, 256), line(&is, 256))?;
        }
    }
    if let Some((was, is)) = &difference.metadata {
        let (was, is) = (json!(was).to_string(), json!(is).to_string());
        writeln!(out, "~ metadata: {} -> {}", line(&was, 256), line(&is, 256))?;
    }
    for item in &difference.removed {
        writeln!(
            out,
            "{}",
            palette.ink(Ink::Red, &told(item, '-', Palette::plain()))
        )?;
    }
    for item in &difference.added {
        writeln!(
            out,
            "{}",
            palette.ink(Ink::Green, &told(item, '+', Palette::plain()))
        )?;
    }
    Ok(out.flush()?)
}

fn object(id: &str, past: &PastConversation) -> Value {
    let (live, record) = (&past.live, &past.record);
    json!({
        "id": id,
        "object": "conversation",
        "as_of": {
            "version": record.version,
            "position": record.position,
            "recorded_at": precisely(record.recorded_at),
            "event": record.event_type,
        },
        "owner": live.owner,
        "created_at": live.created_at.timestamp(),
        "title": live.title,
        "metadata": live.metadata,
        "referrer": live.referrer,
        "forked_from": live.origin,
        "items": live.items,
    })
}

/// An item on one line.
fn told(item: &Item, mark: char, palette: Palette) -> String {
    let words = match &item.body {
        ItemBody::Message { content, .. } => {
            content.iter().filter_map(ContentPart::words).collect()
        }
        body => json!(body).to_string(),
    };
    let who = item.role().map_or(item.kind(), |role| role.as_str());
    let id = format!("{:<37}", item.id.as_str());
    let room = columns().saturating_sub(54).max(20);
    let id = palette.ink(Ink::Faint, &id);
    format!("{mark} {id}  {who:<10}  {}", line(&words, room))
}
