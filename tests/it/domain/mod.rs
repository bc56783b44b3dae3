//! What holds for every aggregate, whatever is asked of it in whatever order.
//!
//! Random commands, wrong ones among them, are put to a fresh aggregate one after the other. The
//! laws that all aggregates share are in [`laws`]; each aggregate's file says which commands there
//! are and adds the laws of its own.

mod account;
pub(crate) mod conversation;
mod document;
mod laws;
mod machines;
mod media;
mod projection;
mod response;
mod run;
mod values;
