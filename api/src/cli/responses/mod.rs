//! `jan-server responses`: what they did, from the record, and what they do when made again.

mod comparison;
mod replay;

use clap::Subcommand;

pub use comparison::compared;
pub use replay::{ReExecution, ReplayArgs, replay};

/// What to look at of a response.
#[derive(Debug, Subcommand)]
pub enum ResponsesCommand {
    /// Print what a response did, event by event, or make it again and compare
    Replay(ReplayArgs),
}
