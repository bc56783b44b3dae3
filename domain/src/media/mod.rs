//! Bytes that somebody keeps here: images for models to look at, files, and what programs have made.
//! The bytes lie in an object store; what is true about them is here.

mod aggregate;
mod command;
mod content;
mod error;
mod event;
mod label;
mod object_place;
mod reference;
#[cfg(test)]
mod tests;

pub use aggregate::{KeptMedia, LeavingMedia, Media, PreparedMedia};
pub use command::MediaCommand;
pub use content::{ContentHash, Dimensions, MediaContent};
pub use error::{InvalidLabel, MediaError};
pub use event::MediaEvent;
pub use label::{FileName, MediaLabel, Purpose};
pub use object_place::{ObjectKey, ObjectPlace, ObjectPrefix};
pub use reference::{placeholders, reference};
