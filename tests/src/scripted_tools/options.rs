use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which protocol the server speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Era {
    /// Both, on the same endpoint.
    #[default]
    Both,
    /// 2026-07-28 only.
    Modern,
    /// Up to 2025-11-25 only, with sessions.
    Legacy,
}

/// How the server behaves whatever it is asked.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    /// The protocol it speaks
    #[arg(long, value_enum, default_value_t)]
    pub era: Era,

    /// Bearer token without which nobody comes in
    #[arg(long, value_name = "TOKEN")]
    pub bearer: Option<String>,

    /// File to which the ledger is appended; what is in it already counts
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,

    /// Tools on one page of the list; all of them when absent
    #[arg(long, value_name = "COUNT")]
    pub page_size: Option<usize>,

    /// How long its list may be remembered, in milliseconds; an hour when absent
    #[arg(long, value_name = "MS")]
    pub ttl_ms: Option<u64>,
}
