//! What accounts used: calls and tokens by model and day.

mod fold;
mod ledger;
mod reader;
mod write;

pub(crate) use fold::UsageChanges;
pub use reader::{RunCounts, UsageReader, UsageRow};
