//! The tools by which callers keep documents of their own and search them.

mod index;
mod query;

pub use index::FileSearchIndex;
pub use query::FileSearchQuery;
