//! What is true: the aggregates of Jan Server, their commands, events and refusals, the value
//! objects they share, and the ports through which side effects leave the house.
//!
//! Everything here is pure. No clock, no randomness, no socket, no environment: time and ids travel
//! in commands, and the outside world is a trait in [`ports`]. The command enums live here and not
//! in `commands` because Rust allows `impl Aggregate for Response` only where `Response` lives.
//!
//! Start reading at [`response`], the aggregate behind every model call, then [`conversation`]
//! and [`account`]; [`history`] is the only reading of stored events.

pub mod account;
pub mod caller;
pub mod conversation;
pub mod document;
pub mod history;
pub mod id;
pub mod item;
pub mod json;
pub mod limits;
pub mod media;
pub mod metadata;
pub mod ports;
pub mod projection;
pub mod response;
pub mod sealed;
pub mod tool_permissions;
pub mod user_metadata;

mod decider;

pub use caller::{Caller, CallerKind, Owner};
pub use decider::Decider;
pub use json::Json;
pub use user_metadata::UserMetadata;
