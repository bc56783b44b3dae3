//! One model call. A chat completion is a response of one step: one path to the model, one audit,
//! one usage record.

mod aggregate;
mod command;
mod effect;
mod error;
mod event;
mod outcome;
mod request;
mod step;
#[cfg(test)]
mod tests;

pub use aggregate::{Ending, OpenResponse, Response};
pub use command::ResponseCommand;
pub use effect::EffectClass;
pub use error::ResponseError;
pub use event::ResponseEvent;
pub use outcome::{Answer, Failure, FailureKind, IncompleteReason, Timing, Usage};
pub use request::{RequestedCall, Retention, Surface};
pub use step::PlannedStep;
