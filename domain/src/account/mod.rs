//! A person, guest or service, and the sessions they hold.

mod aggregate;
mod command;
mod error;
mod event;
#[cfg(test)]
mod tests;

pub use aggregate::{Account, LiveAccount, Session};
pub use command::AccountCommand;
pub use error::AccountError;
pub use event::{AccountEvent, ClosedBecause, SecretHash};
