use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jan_projections::audit::{
    Checkpoint, Extent, Fault, PublicKey, Verified, Verifier, VerifyError, VerifyWish,
};
use serde_json::json;

/// Options of `events verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events verify
  jan-server events verify --checkpoint kept-elsewhere.txt
  jan-server events verify --public-key 2fH0…= --json

Everything that is sealed is read and computed again: events against seals, seals against their
signatures, each other and the tree over all of them. The first thing that is not as it was sealed is
named. A log that was rewritten and sealed again by whoever has the key is only told from the true one
by a checkpoint, so keep one where the database's owner has no hand.
Exit codes: 0 nothing is wrong, 1 something is (or the check failed), 2 asked wrongly.")]
pub struct VerifyArgs {
    /// Begin with the seal that covers this position, and believe those before it
    #[arg(long, value_name = "POSITION")]
    from: Option<i64>,
    /// The log must continue the one of this checkpoint (see `events checkpoint`)
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A key whose seals count, as base64; may be repeated [default: the one of this server]
    #[arg(long = "public-key", value_name = "BASE64")]
    pub public_keys: Vec<PublicKey>,
    /// Afterwards read the same rows without computing anything, to compare
    #[arg(long)]
    baseline: bool,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

/// Checks the log and tells what is wrong with it, as an error.
pub async fn verify(
    args: &VerifyArgs,
    verifier: &Verifier,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let wish = VerifyWish {
        from: args.from,
        checkpoint: args.checkpoint.as_deref().map(kept).transpose()?,
    };
    let extent = verifier.extent(&wish).await?;
    let bar = bar(extent.events);
    let began = Instant::now();
    let outcome = verifier
        .verify(&wish, &extent, |events| bar.inc(events))
        .await;
    bar.finish_and_clear();
    let took = began.elapsed();
    if let (Err(VerifyError::Fault(fault)), true) = (&outcome, args.json) {
        writeln!(out, "{}", faulty(fault))?;
        out.flush()?;
    }
    let checked = outcome?;
    let baseline = if args.baseline {
        Some(read_only(verifier, &extent).await?)
    } else {
        None
    };
    if args.json {
        writeln!(out, "{}", sound(&checked, took, baseline))?;
    } else {
        tell(&checked, &wish, out)?;
        writeln!(out, "Checked {}.", pace(checked.events, took))?;
        if let Some(took) = baseline {
            writeln!(out, "Reading alone: {}.", pace(checked.events, took))?;
        }
    }
    Ok(out.flush()?)
}

fn kept(path: &Path) -> anyhow::Result<Checkpoint> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| path.display().to_string())
}

async fn read_only(verifier: &Verifier, extent: &Extent) -> anyhow::Result<Duration> {
    let began = Instant::now();
    verifier.read_only(extent).await?;
    Ok(began.elapsed())
}

fn bar(events: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len}  {per_sec}  {eta}");
    // Hidden by itself where standard error is no terminal.
    ProgressBar::new(events).with_style(style.expect("the template is well formed"))
}

fn tell(verified: &Verified, wish: &VerifyWish, out: &mut impl Write) -> std::io::Result<()> {
    let Verified {
        seals,
        events,
        through,
        unsealed,
    } = verified;
    writeln!(
        out,
        "Nothing is wrong: {events} events under {seals} seals, through position {through}."
    )?;
    if let Some(checkpoint) = &wish.checkpoint {
        let (size, time) = (checkpoint.size, checkpoint.time);
        writeln!(
            out,
            "The log continues the checkpoint of {time}, after seal {size}."
        )?;
    }
    match unsealed {
        0 => Ok(()),
        1 => writeln!(out, "1 event after that is not sealed yet."),
        many => writeln!(out, "{many} events after that are not sealed yet."),
    }
}

fn pace(events: u64, took: Duration) -> String {
    let rate = per_second(events, took);
    format!("{rate:.0} events a second ({:.2} s)", took.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "a rate has a few digits")]
fn per_second(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64().max(f64::EPSILON)
}

fn sound(verified: &Verified, took: Duration, baseline: Option<Duration>) -> serde_json::Value {
    json!({
        "ok": true,
        "seals": verified.seals,
        "events": verified.events,
        "through": verified.through,
        "unsealed": verified.unsealed,
        "events_per_second": per_second(verified.events, took),
        "baseline_events_per_second": baseline.map(|took| per_second(verified.events, took)),
    })
}

fn faulty(fault: &Fault) -> serde_json::Value {
    json!({"ok": false, "fault": fault.to_string(), "position": fault.position()})
}
