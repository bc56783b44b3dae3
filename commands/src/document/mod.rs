//! What owners do to their own documents. A document's stream follows from its owner and its name,
//! so nobody comes to anybody else's.

mod index;
mod remove;

pub use index::{Indexed, index_document};
pub use remove::remove_document;
