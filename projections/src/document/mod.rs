//! Documents, and the passages they are searched by.

mod change;
mod embedding;
mod fold;
mod nearest;
mod passages;
mod reader;
mod rows;
mod search;
mod vectors;

pub use embedding::Embedding;
pub(crate) use fold::DocumentChanges;
pub use nearest::Nearest;
pub use reader::{DocumentReader, DocumentRow, DocumentShelf};
