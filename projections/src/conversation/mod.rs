//! Conversations and their items, as lists to page through.

mod copy;
mod fold;
mod items;
mod reader;
mod rows;

pub(crate) use fold::ConversationChanges;
pub use reader::{ConversationList, ConversationReader};
pub use rows::{ConversationRow, ItemRow};
