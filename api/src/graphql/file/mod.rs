//! Images and files that callers keep.

mod mutation;
mod object;
mod query;

pub(super) use mutation::FileMutation;
pub(super) use object::File;
pub(super) use query::{FileQuery, find};
