//! A text that its owner has given to be searched, under a name of the owner's choice.

mod aggregate;
mod command;
mod content;
mod error;
mod event;
#[cfg(test)]
mod tests;

pub use aggregate::{Document, KeptDocument};
pub use command::DocumentCommand;
pub use content::{DocumentContent, DocumentName};
pub use error::{DocumentError, InvalidDocument};
pub use event::DocumentEvent;
