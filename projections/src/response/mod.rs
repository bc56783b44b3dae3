//! Model calls: a summary of every one, and the content of those the caller may read back.

mod change;
mod copy;
mod fold;
mod open;
mod reader;
mod rows;
mod write;

pub(crate) use fold::ResponseChanges;
pub use reader::{ResponseFilter, ResponseReader};
pub use rows::{ResponseRow, ResponseStatus};
