use chrono::{DateTime, Utc};

use super::run::{Said, StepOutcome};
use super::{Answer, Failure, IncompleteReason, RequestedCall, Timing, Usage};
use crate::id::{NodeId, StepId};
use crate::user_metadata::UserMetadata;

/// What may be asked of a response.
#[derive(Debug, Clone)]
pub enum ResponseCommand {
    /// Accept a call and plan its step.
    Request {
        /// What is asked.
        call: Box<RequestedCall>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Record the whole answer.
    Complete {
        /// What was said.
        answer: Answer,
        /// What it cost.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Record an answer that was cut short on our side.
    Interrupt {
        /// Why.
        reason: IncompleteReason,
        /// What had been said.
        answer: Answer,
        /// What it cost, as far as known.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Record that there is no answer.
    Fail {
        /// Why.
        failure: Failure,
        /// What had been said before.
        partial: Option<Answer>,
        /// How long it took.
        timing: Timing,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Take the run up.
    Claim {
        /// The process that will carry it.
        node: NodeId,
        /// How often it will have been taken up then.
        epoch: u32,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Record what came of a run's step, and go on from there.
    RecordStep {
        /// Which.
        step: StepId,
        /// What came of it.
        outcome: Box<StepOutcome>,
        /// How often the run had been taken up when the step was begun.
        epoch: u32,
        /// How long the step took, in milliseconds.
        took_ms: u64,
        /// How long the run has taken.
        timing: Timing,
        /// Now.
        at: DateTime<Utc>,
    },
    /// End a run short of its end, with what it has.
    Stop {
        /// Why.
        reason: IncompleteReason,
        /// What the model was saying.
        said: Option<Box<Said>>,
        /// How long the run has taken.
        timing: Timing,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Stop a run that is carried without its client.
    Cancel {
        /// Now.
        at: DateTime<Utc>,
    },
    /// Replace the client's pairs.
    ReplaceMetadata {
        /// The new ones.
        metadata: UserMetadata,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Remove it from the caller's sight.
    Delete {
        /// Now.
        at: DateTime<Utc>,
    },
}
