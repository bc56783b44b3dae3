//! Who there is, and which sessions were ended.

mod fold;
mod reader;

pub(crate) use fold::AccountChanges;
pub use reader::{AccountReader, AccountRow};
