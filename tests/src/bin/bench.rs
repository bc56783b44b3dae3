//! Measures what a chat call costs, beside the model alone and a bare pass-through.

use std::io::{Write, stdout};

use clap::{Parser, Subcommand};
use jan_tests::bench::{
    RebuildSettings, ResponsesSettings, Settings, pass_through, run, run_rebuild, run_responses,
};
use tokio::runtime::Builder;

/// What a chat call costs: CPU time, latency and rows kept, in interleaved rounds of one run.
///
/// Compares the scripted model alone, the same web stack passing calls through, and the real server
/// on a durable throw-away Postgres. Linux only.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(flatten)]
    settings: Settings,

    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// What a response costs: delay of its stream, 500 runs at once, and its price beside a chat call's
    Responses(#[command(flatten)] ResponsesSettings),
    /// How fast read models are built anew, beside the database alone, and what appends lose
    Rebuild(#[command(flatten)] RebuildSettings),
    /// Be the pass-through
    #[command(hide = true)]
    PassThrough {
        /// The model's base URL
        #[arg(long, value_name = "URL")]
        upstream: String,
    },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.role {
        // The client is one thread, so that it takes as little of the machine as it can.
        None => Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run(&cli.settings)),
        Some(Role::Responses(own)) => Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run_responses(&cli.settings, &own)),
        Some(Role::Rebuild(own)) => Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(run_rebuild(&own)),
        Some(Role::PassThrough { upstream }) => Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(pass_through(&upstream, |address| {
                writeln!(stdout(), "http://{address}")?;
                stdout().flush()
            })),
    }
}
