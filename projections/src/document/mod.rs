//! Documents, and the passages they are searched by.

mod change;
mod embedding;
mod fold;
mod passages;
mod reader;
mod rows;
mod search;
mod vectors;

pub use embedding::Embedding;
pub(crate) use fold::DocumentChanges;
pub use reader::{DocumentReader, DocumentRow, DocumentShelf};
pub use vectors::Nearest;
