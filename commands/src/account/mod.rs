//! Guests and their sessions.

mod guest;

pub use guest::{NewGuest, SessionTerms, create_guest, log_out, refresh_session};
