//! What operators have decided about a read model: which events it leaves out. Its stream has the
//! read model's name.

mod aggregate;
mod command;
mod error;
mod event;
#[cfg(test)]
mod tests;

pub use aggregate::Projection;
pub use command::ProjectionCommand;
pub use error::ProjectionError;
pub use event::ProjectionEvent;
