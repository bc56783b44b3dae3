use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::run::{Step, StepFailure, StepOutcome};
use super::{Answer, Failure, IncompleteReason, RequestedCall, Timing, Usage};
use crate::id::{NodeId, StepId};
use crate::user_metadata::UserMetadata;

/// What has happened to a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ResponseEvent {
    /// It was asked for and its step planned.
    Requested {
        /// What was asked.
        call: Box<RequestedCall>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The model answered in full.
    Completed {
        /// What it said.
        answer: Answer,
        /// What it cost.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// When.
        at: DateTime<Utc>,
    },
    /// The answer was cut short on our side.
    Incomplete {
        /// Why.
        reason: IncompleteReason,
        /// What had been said.
        answer: Answer,
        /// What it cost, as far as known.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// When.
        at: DateTime<Utc>,
    },
    /// There is no answer.
    Failed {
        /// Why.
        failure: Failure,
        /// What had been said before it failed, if anything.
        partial: Option<Answer>,
        /// What it cost until then, as far as known.
        #[serde(default, skip_serializing_if = "Usage::is_none")]
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// When.
        at: DateTime<Utc>,
    },
    /// A process took the run up.
    Claimed {
        /// Which.
        node: NodeId,
        /// How often that has happened now.
        epoch: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// A step is about to be taken.
    StepPlanned {
        /// Which.
        step: Box<Step>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A step gave something.
    StepSucceeded {
        /// Which.
        step: StepId,
        /// What it gave.
        outcome: Box<StepOutcome>,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// When.
        at: DateTime<Utc>,
    },
    /// A step gave nothing; the run goes on.
    StepFailed {
        /// Which.
        step: StepId,
        /// Why.
        failure: StepFailure,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody knows whether a step's effect happened, and it must not happen twice.
    StepOutcomeUnknown {
        /// Which.
        step: StepId,
        /// When.
        at: DateTime<Utc>,
    },
    /// The caller stopped it.
    Cancelled {
        /// What had been said and done.
        answer: Answer,
        /// What it cost, as far as known.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// When.
        at: DateTime<Utc>,
    },
    /// The client's pairs were replaced.
    MetadataReplaced {
        /// The new ones.
        metadata: UserMetadata,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was removed from the caller's sight.
    Deleted {
        /// When.
        at: DateTime<Utc>,
    },
}

impl DomainEvent for ResponseEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Requested { .. } => "ResponseRequested",
            Self::Completed { .. } => "ResponseCompleted",
            Self::Incomplete { .. } => "ResponseIncomplete",
            Self::Failed { .. } => "ResponseFailed",
            Self::Claimed { .. } => "ResponseClaimed",
            Self::StepPlanned { .. } => "ResponseStepPlanned",
            Self::StepSucceeded { .. } => "ResponseStepSucceeded",
            Self::StepFailed { .. } => "ResponseStepFailed",
            Self::StepOutcomeUnknown { .. } => "ResponseStepOutcomeUnknown",
            Self::Cancelled { .. } => "ResponseCancelled",
            Self::MetadataReplaced { .. } => "ResponseMetadataReplaced",
            Self::Deleted { .. } => "ResponseDeleted",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl ResponseEvent {
    /// When the call ended, if this is its end.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Completed { at, .. }
            | Self::Incomplete { at, .. }
            | Self::Failed { at, .. }
            | Self::Cancelled { at, .. } => Some(*at),
            _ => None,
        }
    }
}
