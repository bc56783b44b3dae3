//! One response of a model. A chat completion is a response of one step; a run ([`run`]) takes as
//! many as its tools need. One path to the model, one audit, one usage record.

mod aggregate;
mod command;
mod effect;
mod error;
mod event;
mod outcome;
mod redact;
mod request;
pub mod run;
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
pub use run::{Progress, RunTerms};
pub use step::PlannedStep;
