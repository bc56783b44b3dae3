//! `jan-server projections`: how the read models are, and what can be done about it.

mod list;
mod parked;
mod rebuild;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jan_projections::{ProjectionOperator, ReadModel, Selection};

pub use list::{ListArgs, list};
pub use parked::SkipArgs;
pub use rebuild::RebuildArgs;

/// What to do with projections.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// Print every projection: where it stands, how far behind, who runs it
    List(ListArgs),
    /// Make a projection anew beside the live one, then let it take its place
    Rebuild(RebuildArgs),
    /// Hold a projection against a fresh fold of the whole log
    Verify(OfProjection),
    /// Go back to what was live before the last rebuild
    Rollback(OfProjection),
    /// Let go of what stands by, of a build, and of what failed
    Retire(OfProjection),
    /// Print the events that were set aside because they could not be folded
    Parked(OfProjection),
    /// Fold what was set aside once more
    Retry(RetryArgs),
    /// Leave an event out for good, on record, and let the rest of its stream in
    Skip(SkipArgs),
}

/// Which projection.
#[derive(Debug, Args)]
pub struct OfProjection {
    /// Its name, as in `projections list`
    #[arg(value_name = "NAME", value_parser = named)]
    pub model: ReadModel,
}

/// Options of `projections retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    of: OfProjection,
    /// Only this stream
    #[arg(long, value_name = "ID", conflicts_with = "position")]
    stream: Option<String>,
    /// Only the stream of the event at this position
    #[arg(long)]
    position: Option<i64>,
}

impl RetryArgs {
    fn selection(&self) -> Selection {
        match (&self.stream, self.position) {
            (Some(stream), _) => Selection::Stream(stream.clone()),
            (None, Some(position)) => Selection::Position(position),
            (None, None) => Selection::All,
        }
    }
}

fn named(name: &str) -> Result<ReadModel, String> {
    ReadModel::named(name).ok_or_else(|| {
        let names = ReadModel::ALL.map(ReadModel::name).join(", ");
        format!("there is no such projection; there are {names}")
    })
}

/// Does it. `skip` puts the decision to leave an event out on record.
pub async fn run(
    command: &ProjectionsCommand,
    operator: &ProjectionOperator,
    skip: impl AsyncFnOnce(&SkipArgs, String) -> anyhow::Result<()>,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match command {
        ProjectionsCommand::List(args) => list(args, &operator.list().await?, out)?,
        ProjectionsCommand::Rebuild(args) => return rebuild::rebuild(args, operator, out).await,
        ProjectionsCommand::Verify(args) => {
            let comparison = operator.verify(args.model, None).await?;
            return verify::tell(&comparison, out);
        }
        ProjectionsCommand::Rollback(args) => {
            operator.roll_back(args.model).await?;
            writeln!(out, "What was live before is live again.")?;
        }
        ProjectionsCommand::Retire(args) => {
            let count = operator.retire(args.model).await?;
            writeln!(out, "Let go of {count}.")?;
        }
        ProjectionsCommand::Parked(args) => {
            parked::list(&operator.parked(args.model).await?, out)?;
        }
        ProjectionsCommand::Retry(args) => {
            let retried = operator.retry(args.of.model, &args.selection()).await?;
            return parked::tell(&retried, out);
        }
        ProjectionsCommand::Skip(args) => {
            let stream = operator.stream_at(args.position).await?;
            skip(args, stream.clone()).await?;
            writeln!(out, "Event {} is left out from now on.", args.position)?;
            let selection = Selection::Stream(stream);
            let retried = operator.retry(args.of.model, &selection).await?;
            if !retried.is_empty() {
                return parked::tell(&retried, out);
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
