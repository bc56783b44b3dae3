//! Chat completions that were asked for with `store: true`.

mod mutation;
mod object;
mod query;

pub(super) use mutation::CompletionMutation;
pub(super) use object::StoredCompletion;
pub(super) use query::{CompletionQuery, find};
