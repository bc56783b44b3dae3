//! `jan-server code-worker`: a process in which the server has a program run.

use clap::Args;

/// What the server says when it starts one. Everything else comes over standard input.
#[derive(Debug, Args)]
pub struct CodeWorkerArgs {
    /// The kind of worker
    #[arg(value_name = "KIND")]
    pub kind: String,
}
