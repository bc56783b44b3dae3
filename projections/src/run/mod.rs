//! Responses of several steps: what `/v1/responses` shows, and the steps behind it.

mod batch;
mod change;
mod copy;
mod fold;
mod reader;
mod rows;
mod steps;
mod unattended;
mod write;

pub(crate) use fold::RunChanges;
pub use reader::RunReader;
pub use rows::{RunRow, RunStatus};
pub use steps::{StepRow, StepStatus};
