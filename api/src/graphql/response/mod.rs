//! Responses, their steps and their streams.

mod creation;
mod mutation;
mod object;
mod query;
mod replay;
mod step;
mod stream;

pub(super) use creation::ResponseCreation;
pub(super) use mutation::ResponseMutation;
pub(super) use object::{Response, TokenUsage};
pub(super) use query::{ResponseQuery, find};
pub(super) use replay::{ReplayMutation, ReplayQuery};
pub(super) use stream::ResponseSubscription;
