//! A conversation keeps its items in its own stream, so a prompt is a fold of that stream and
//! never a read of a projection.

mod aggregate;
mod command;
mod difference;
mod error;
mod event;
#[cfg(test)]
mod fork_tests;
mod origin;
#[cfg(test)]
mod tests;

pub use aggregate::{Conversation, LiveConversation};
pub use command::ConversationCommand;
pub use difference::Difference;
pub use error::ConversationError;
pub use event::ConversationEvent;
pub use origin::{Origin, Turn};
