//! Conversations and their items.

mod changes;
mod forking;
mod item_mutation;
mod mutation;
mod object;
mod past;
mod query;

pub(super) use changes::ConversationSubscription;
pub(super) use forking::ForkMutation;
pub(super) use item_mutation::ItemMutation;
pub(super) use mutation::ConversationMutation;
pub(super) use object::Conversation;
pub(super) use query::{ConversationQuery, find};
