use std::io::{IsTerminal as _, Write, stderr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use futures::{Stream, StreamExt, pin_mut};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use jan_projections::{Phase, Progress, ProjectionOperator, ReadError, Rebuilt, SHARDS_MAX};
use tokio::time::Instant;

use super::{OfProjection, verify};

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Options of `projections rebuild`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server projections rebuild conversations
  jan-server projections rebuild usage --dry-run --diff
  jan-server projections rebuild conversations --stream conv_0199

The live tables answer reads until the new ones are up to date, proven, and take their place in one
transaction. While others write, a build makes way for them and takes longer. What was live is kept up to date until `projections retire`, and `projections rollback`
goes back to it. A build whose process dies goes on in the next server, or with the same command.
Exit codes: 0 done, 1 failed or different, 2 asked wrongly.")]
pub struct RebuildArgs {
    #[command(flatten)]
    of: OfProjection,
    /// Parts that are read at once [default: by the length of the log, at most 4]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    shards: Option<u8>,
    /// Make no way for those who write meanwhile
    #[arg(long)]
    full_speed: bool,
    /// Only the rows of this stream, where they are
    #[arg(long, value_name = "ID", conflicts_with_all = ["dry_run", "shards", "full_speed"])]
    stream: Option<String>,
    /// Build, and drop what was built
    #[arg(long, requires = "diff")]
    dry_run: bool,
    /// With --dry-run: print the rows that differ from the live ones
    #[arg(long, requires = "dry_run")]
    diff: bool,
}

const _: () = assert!(SHARDS_MAX == 16, "the range of --shards says so too");

/// Rebuilds, and tells how far it is.
pub(super) async fn rebuild(
    args: &RebuildArgs,
    operator: &ProjectionOperator,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let model = args.of.model;
    let shards = args.shards.map(usize::from);
    let operator = if args.full_speed {
        operator.clone().at_full_speed()
    } else {
        operator.clone()
    };
    if let Some(stream) = &args.stream {
        let events = operator.rebuild_stream(model, stream).await?;
        writeln!(out, "{stream}: {events} events folded")?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        let comparison = operator.verify(model, shards).await?;
        return verify::tell(&comparison, out);
    }
    let generation = operator.begin_here(model, shards).await?;
    let telling = tell(operator.watch(model, generation));
    let carrying = operator.carry(model, generation);
    pin_mut!(telling, carrying);
    let rebuilt = tokio::select! {
        rebuilt = &mut carrying => rebuilt?,
        () = &mut telling => carrying.await?,
    };
    match rebuilt {
        Rebuilt::Live => {
            let name = model.name();
            writeln!(out, "Generation {generation} of {name} is live.")?;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Rebuilt::Failed { reason } => bail!("the build failed: {reason}"),
    }
}

/// A bar on a terminal, lines elsewhere; on standard error, because it is no answer.
async fn tell(progress: impl Stream<Item = Result<Progress, ReadError>>) {
    let terminal = stderr().is_terminal();
    let bar = if terminal {
        ProgressBar::new(0).with_style(style())
    } else {
        ProgressBar::hidden()
    };
    pin_mut!(progress);
    let mut last_line: Option<(Option<Phase>, Instant)> = None;
    // Who cannot read how far it is can still build.
    while let Some(Ok(now)) = progress.next().await {
        bar.set_length(now.events_total.max(now.events_done).unsigned_abs());
        bar.set_position(now.events_done.unsigned_abs());
        bar.set_message(words(&now));
        let due =
            last_line.is_none_or(|(phase, at)| phase != now.phase || at.elapsed() >= LINE_EVERY);
        if !terminal && due {
            last_line = Some((now.phase, Instant::now()));
            // Nobody has to read along.
            let _unread = writeln!(stderr(), "{}", line(&now));
        }
    }
    bar.finish_and_clear();
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} events  {msg}");
    style.expect("the template is well formed")
}

fn words(progress: &Progress) -> String {
    let phase = progress.phase.map_or("done", Phase::as_str);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is shown"
    )]
    let rate = HumanCount(progress.events_per_second() as u64);
    match progress.time_left() {
        Some(left) => format!("{phase}, {rate} events/s, {} left", HumanDuration(left)),
        None => phase.to_owned(),
    }
}

fn line(progress: &Progress) -> String {
    let (done, total) = (progress.events_done, progress.events_total);
    format!(
        "{}: {done}/{total} events, {}",
        progress.name,
        words(progress)
    )
}
