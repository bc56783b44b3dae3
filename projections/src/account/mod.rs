//! Who there is, and which sessions were ended.

mod fold;
mod idle;
mod reader;

pub(crate) use fold::AccountChanges;
pub use reader::{AccountEntry, AccountReader, AccountRow, Holdings};
