//! A text that its owner has given to be searched, under a name of the owner's choice.

mod aggregate;
mod attributes;
mod command;
mod content;
mod error;
mod event;
mod filter;
#[cfg(test)]
mod tests;

pub use aggregate::{Document, KeptDocument};
pub use attributes::Attributes;
pub use command::DocumentCommand;
pub use content::{DocumentContent, DocumentName};
pub use error::{DocumentError, InvalidDocument};
pub use event::DocumentEvent;
pub use filter::{AttributeFilter, Comparison, InvalidFilter};
