use chrono::{DateTime, Utc};

use super::{Answer, Failure, IncompleteReason, RequestedCall, Timing, Usage};
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
