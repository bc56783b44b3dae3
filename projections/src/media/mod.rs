//! What callers keep in the object store, how much that is, and when it is to go.

mod change;
mod fold;
mod index;
mod reader;
mod rows;

pub(crate) use fold::MediaChanges;
pub use reader::{MediaReader, MediaRow};
