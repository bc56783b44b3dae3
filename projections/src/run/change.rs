use chrono::{DateTime, Utc};
use jan_domain::id::{NodeId, StepId};
use jan_domain::response::run::{Step, StepOutcome, Work};
use jan_domain::response::{
    Answer, Failure, IncompleteReason, RequestedCall, ResponseEvent as E, RunTerms, Timing, Usage,
};
use jan_domain::user_metadata::UserMetadata;

use super::rows::RunStatus;
use super::steps::StepStatus;

/// What a stretch of history changes about one run.
#[derive(Default)]
pub(super) struct RunChange {
    pub(super) opened: Option<Opened>,
    pub(super) claimed: Option<(NodeId, u32)>,
    pub(super) planned: Vec<Planned>,
    pub(super) ended: Vec<EndedStep>,
    pub(super) closed: Option<Closed>,
    pub(super) metadata: Option<UserMetadata>,
    pub(super) deleted: bool,
}

/// How a run began.
pub(super) struct Opened {
    pub(super) call: RequestedCall,
    pub(super) terms: RunTerms,
    pub(super) at: DateTime<Utc>,
}

/// A step that was planned.
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) at: DateTime<Utc>,
}

/// A step that ended.
pub(super) struct EndedStep {
    pub(super) step: StepId,
    pub(super) status: StepStatus,
    pub(super) outcome: StepOutcome,
    pub(super) took_ms: Option<u64>,
    pub(super) at: DateTime<Utc>,
}

/// How a run ended.
pub(super) struct Closed {
    pub(super) status: RunStatus,
    pub(super) answer: Option<Answer>,
    pub(super) usage: Option<Usage>,
    pub(super) timing: Timing,
    pub(super) reason: Option<IncompleteReason>,
    pub(super) failure: Option<Failure>,
    pub(super) at: DateTime<Utc>,
}

impl RunChange {
    pub(super) fn fold(&mut self, event: &E) {
        match event {
            E::Requested { call, at } => self.open(call, *at),
            E::Claimed { node, epoch, .. } => self.claimed = Some((node.clone(), *epoch)),
            E::StepPlanned { step, at } => self.planned.push(Planned {
                step: (**step).clone(),
                at: *at,
            }),
            E::StepSucceeded {
                step,
                outcome,
                took_ms,
                at,
            } => self.ended.push(EndedStep {
                step: step.clone(),
                status: StepStatus::Succeeded,
                outcome: (**outcome).clone(),
                took_ms: Some(*took_ms),
                at: *at,
            }),
            E::StepFailed {
                step,
                failure,
                took_ms,
                at,
            } => self.ended.push(EndedStep {
                step: step.clone(),
                status: StepStatus::Failed,
                outcome: StepOutcome::Failed(failure.clone()),
                took_ms: Some(*took_ms),
                at: *at,
            }),
            E::StepOutcomeUnknown { step, at } => self.ended.push(EndedStep {
                step: step.clone(),
                status: StepStatus::Unknown,
                outcome: StepOutcome::Unknown,
                took_ms: None,
                at: *at,
            }),
            E::MetadataReplaced { metadata, .. } => self.metadata = Some(metadata.clone()),
            E::Deleted { .. } => self.deleted = true,
            E::Completed { .. } | E::Incomplete { .. } | E::Failed { .. } | E::Cancelled { .. } => {
                self.closed = closed(event);
            }
        }
    }

    fn open(&mut self, call: &RequestedCall, at: DateTime<Utc>) {
        let Some(terms) = &call.run else { return };
        self.metadata = Some(call.metadata.clone());
        if terms.servers.is_empty() && terms.approved.is_empty() {
            let step = Step {
                id: call.step.id.clone(),
                index: 0,
                work: Work::Infer,
            };
            self.planned.push(Planned { step, at });
        }
        self.opened = Some(Opened {
            call: call.clone(),
            terms: (**terms).clone(),
            at,
        });
    }
}

/// The end that an event tells.
fn closed(event: &E) -> Option<Closed> {
    let end =
        |status, answer: Option<&Answer>, usage, timing: &Timing, at: &DateTime<Utc>| Closed {
            status,
            answer: answer.cloned(),
            usage,
            timing: *timing,
            reason: None,
            failure: None,
            at: *at,
        };
    Some(match event {
        E::Completed {
            answer,
            usage,
            timing,
            at,
        } => end(RunStatus::Completed, Some(answer), Some(*usage), timing, at),
        E::Cancelled {
            answer,
            usage,
            timing,
            at,
        } => end(RunStatus::Cancelled, Some(answer), Some(*usage), timing, at),
        E::Incomplete {
            reason,
            answer,
            usage,
            timing,
            at,
        } => Closed {
            reason: Some(*reason),
            ..end(
                RunStatus::Incomplete,
                Some(answer),
                Some(*usage),
                timing,
                at,
            )
        },
        E::Failed {
            failure,
            partial,
            usage,
            timing,
            at,
        } => Closed {
            failure: Some(failure.clone()),
            ..end(
                RunStatus::Failed,
                partial.as_ref(),
                (!usage.is_none()).then_some(*usage),
                timing,
                at,
            )
        },
        _ => return None,
    })
}
