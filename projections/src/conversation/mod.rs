//! Conversations and their items, as lists to page through.

mod batch;
mod branches;
mod change;
mod changes;
mod copy;
mod fold;
mod items;
mod reader;
mod rows;

pub use batch::ItemsWanted;
pub use branches::BranchRow;
pub use changes::ConversationChange;
pub(crate) use fold::ConversationChanges;
pub use reader::{ConversationList, ConversationReader};
pub use rows::{ConversationRow, ItemRow};
