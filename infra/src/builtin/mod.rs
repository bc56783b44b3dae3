//! The deployment's own tools that need no server: they are offered before those of the operator's
//! tool servers, and are called like them.
//!
//! A tool here never fails as a call does: whatever goes wrong is a result that says so.

mod arguments;
mod file_search;
mod google_search;
mod host;
mod scrape;

pub use file_search::{FileSearchIndex, FileSearchQuery};
pub use google_search::GoogleSearch;
pub use host::{BuiltinTool, BuiltinTools, CalledBy};
pub use scrape::Scrape;
