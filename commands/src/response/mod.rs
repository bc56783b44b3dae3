//! Model calls: planned on record, performed through a port, recorded again.

mod accumulate;
mod attempt;
mod chat;
pub(crate) mod chunk;
mod continuation;
mod open_run;
mod prompt;
mod relay;
mod reply;
mod retell;
mod stored;
mod whole;

pub use chat::start_chat;
pub use continuation::ConversationRef;
pub use prompt::{ChatMessage, ChatWish, Delivery};
pub use reply::{ChatError, ChatEvent, ChatReply, ChatRun};
pub use stored::{StoredAnswer, delete_stored, replace_metadata};
