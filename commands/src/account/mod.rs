//! Guests and their sessions, and their end.

mod erase;
mod guest;

pub use erase::Eraser;
pub use guest::{NewGuest, SessionTerms, create_guest, log_out, refresh_session};
