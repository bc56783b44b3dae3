//! What is recorded of a response whose content is not to be kept: that it happened, which tools ran
//! and what it cost, and nothing that anybody said.

use super::run::{StepOutcome, Work};
use super::{Answer, RequestedCall, ResponseEvent as E};
use crate::json::Json;

impl E {
    /// The event without its words.
    #[must_use]
    pub fn without_content(mut self) -> Self {
        match &mut self {
            Self::Requested { call, .. } => redact_call(call),
            Self::StepPlanned { step, .. } => redact_work(&mut step.work),
            Self::StepSucceeded { outcome, .. } => redact_outcome(outcome),
            Self::Completed { answer, .. }
            | Self::Incomplete { answer, .. }
            | Self::Cancelled { answer, .. } => redact_answer(answer),
            Self::Failed { partial, .. } => {
                if let Some(answer) = partial {
                    redact_answer(answer);
                }
            }
            Self::Claimed { .. }
            | Self::StepFailed { .. }
            | Self::StepOutcomeUnknown { .. }
            | Self::MetadataReplaced { .. }
            | Self::Deleted { .. } => {}
        }
        self
    }
}

fn redact_call(call: &mut RequestedCall) {
    call.request = Json::of(&());
    if let Some(terms) = &mut call.run {
        terms.input.clear();
        for used in &mut terms.approved {
            used.arguments.clear();
        }
    }
}

fn redact_work(work: &mut Work) {
    if let Work::CallTool(used) = work {
        used.arguments.clear();
    }
}

fn redact_outcome(outcome: &mut StepOutcome) {
    match outcome {
        StepOutcome::Said(said) => {
            said.items.clear();
            for call in &mut said.declined {
                call.arguments.clear();
            }
        }
        StepOutcome::Returned(told) => {
            told.output.clear();
            told.structured = None;
            told.content.clear();
        }
        StepOutcome::Listed(_) | StepOutcome::Failed(_) | StepOutcome::Unknown => {}
    }
}

fn redact_answer(answer: &mut Answer) {
    answer.body = Json::of(&());
}
