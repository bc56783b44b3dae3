//! Responses, their steps and their streams.

mod creation;
mod mutation;
mod object;
mod query;
mod replay;
mod step;
mod stream;
mod token_usage;

pub(super) use creation::ResponseCreation;
pub(super) use mutation::ResponseMutation;
pub(super) use object::Response;
pub(super) use query::{ResponseQuery, find};
pub(super) use replay::{ReplayMutation, ReplayQuery};
pub(super) use stream::ResponseSubscription;
pub(super) use token_usage::TokenUsage;
