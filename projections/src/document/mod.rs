//! Documents, and the passages they are searched by.

mod fold;
mod passages;
mod reader;
mod rows;
mod search;

pub(crate) use fold::DocumentChanges;
pub use reader::{DocumentReader, DocumentRow, DocumentShelf};
