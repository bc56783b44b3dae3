//! Documents that tools keep and search.

mod mutation;
mod object;
mod query;

pub(super) use mutation::DocumentMutation;
pub(super) use object::Document;
pub(super) use query::{DocumentQuery, find};
