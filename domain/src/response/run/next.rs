//! The rule of a run: what follows from an outcome. Pure, so that every process that knows the same
//! events goes on the same way.

use chrono::{DateTime, Utc};

use super::{Finish, Progress, Said, Step, StepOutcome, Work};
use crate::item::{Item, ItemStatus};
use crate::json::Json;
use crate::response::{
    Answer, Failure, FailureKind, IncompleteReason, ResponseEvent as E, Timing, Usage,
};

impl Progress {
    /// The steps with which the run begins, before the model is asked: lists of tools, and calls
    /// that the caller has approved.
    pub(in crate::response) fn beginning(&self) -> Vec<Step> {
        let listed = !self.terms.tools_only;
        let lists = self.terms.servers.iter().filter(|_| listed);
        let lists = lists.map(|server| Work::ListTools {
            server: server.label.clone(),
            item: server.item.clone(),
        });
        let calls = self.terms.approved.iter().cloned().map(Work::CallTool);
        lists
            .chain(calls)
            .zip(0..)
            .map(|(work, index)| Step::at(&self.root, index, work))
            .collect()
    }

    /// What follows from `outcome` of `step`: its record, and the next steps or the end.
    pub(in crate::response) fn follow(
        &self,
        step: &Step,
        outcome: StepOutcome,
        took_ms: u64,
        (timing, at): (Timing, DateTime<Utc>),
    ) -> Vec<E> {
        let id = step.id.clone();
        match outcome {
            StepOutcome::Said(said) => self.heard(step, said, took_ms, (timing, at)),
            StepOutcome::Unknown => {
                let failure = Failure {
                    kind: FailureKind::ToolOutcomeUnknown,
                    message: "The server stopped in the middle of a tool call that must not be \
                        made twice; it is not known whether it was made."
                        .to_owned(),
                };
                let mut after = self.clone();
                after.record(&id, StepOutcome::Unknown);
                vec![
                    E::StepOutcomeUnknown { step: id, at },
                    after.failed(failure, timing, at),
                ]
            }
            StepOutcome::Failed(failure) => {
                let recorded = E::StepFailed {
                    step: id.clone(),
                    failure: failure.clone(),
                    took_ms,
                    at,
                };
                self.went_on(step, recorded, StepOutcome::Failed(failure), (timing, at))
            }
            given => {
                let recorded = E::StepSucceeded {
                    step: id,
                    outcome: Box::new(given.clone()),
                    took_ms,
                    at,
                };
                self.went_on(step, recorded, given, (timing, at))
            }
        }
    }

    /// After a list or a call: once nothing is open any more, the model is asked, unless there is
    /// none to ask or the caller has to act first.
    fn went_on(
        &self,
        step: &Step,
        recorded: E,
        outcome: StepOutcome,
        (timing, at): (Timing, DateTime<Utc>),
    ) -> Vec<E> {
        let mut after = self.clone();
        after.record(&step.id, outcome);
        let waits = after.open_steps().next().is_some();
        let awaits_caller = after
            .rounds()
            .last()
            .is_some_and(|(said, _)| said.awaits_caller());
        let next = match (waits, awaits_caller) {
            (true, _) => None,
            (false, true) => Some(after.completed(timing, at)),
            (false, false) if self.terms.tools_only => Some(after.completed(timing, at)),
            (false, false) => Some(after.planned(Work::Infer, at)),
        };
        std::iter::once(recorded).chain(next).collect()
    }

    /// After an answer of the model: its calls, another question, or the end.
    fn heard(
        &self,
        step: &Step,
        mut said: Said,
        took_ms: u64,
        (timing, at): (Timing, DateTime<Utc>),
    ) -> Vec<E> {
        let uses = std::mem::take(&mut said.uses);
        let mut after = self.clone();
        after.record(&step.id, StepOutcome::Said(said.clone()));
        let cut = match said.finish {
            Finish::Stop => None,
            Finish::Length => Some(IncompleteReason::MaxOutputTokens),
            Finish::ContentFilter => Some(IncompleteReason::ContentFilter),
        };
        if let Some(reason) = cut {
            return vec![after.stopped(reason, None, timing, at)];
        }
        let depth_max = self.terms.tool_depth_max;
        let wants_tools = !uses.is_empty() || !said.declined.is_empty();
        if wants_tools && self.tool_rounds() >= usize::try_from(depth_max).unwrap_or(usize::MAX) {
            return vec![after.stopped(IncompleteReason::MaxToolDepth, None, timing, at)];
        }
        if uses.is_empty() && (said.awaits_caller() || said.declined.is_empty()) {
            return vec![after.completed(timing, at)];
        }
        let recorded = E::StepSucceeded {
            step: step.id.clone(),
            outcome: Box::new(StepOutcome::Said(said)),
            took_ms,
            at,
        };
        let works: Vec<Work> = if uses.is_empty() {
            vec![Work::Infer]
        } else {
            uses.into_iter().map(Work::CallTool).collect()
        };
        let planned = works.into_iter().zip(self.next_index()..);
        let planned = planned.map(|(work, index)| E::StepPlanned {
            step: Box::new(Step::at(&self.root, index, work)),
            at,
        });
        std::iter::once(recorded).chain(planned).collect()
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    fn planned(&self, work: Work, at: DateTime<Utc>) -> E {
        E::StepPlanned {
            step: Box::new(Step::at(&self.root, self.next_index(), work)),
            at,
        }
    }

    fn completed(&self, timing: Timing, at: DateTime<Utc>) -> E {
        E::Completed {
            answer: self.answer(Vec::new()),
            usage: self.usage(),
            timing,
            at,
        }
    }

    /// The end short of the end. What was being said is kept, marked as cut short.
    pub(in crate::response) fn stopped(
        &self,
        reason: IncompleteReason,
        said: Option<&Said>,
        timing: Timing,
        at: DateTime<Utc>,
    ) -> E {
        let usage = said.map_or_else(Usage::default, |said| said.usage);
        let cut = said.map(|said| said.items.as_slice()).unwrap_or_default();
        E::Incomplete {
            reason,
            answer: self.answer(cut.to_vec()),
            usage: self.usage().plus(usage),
            timing,
            at,
        }
    }

    pub(in crate::response) fn failed(
        &self,
        failure: Failure,
        timing: Timing,
        at: DateTime<Utc>,
    ) -> E {
        E::Failed {
            failure,
            partial: Some(self.answer(Vec::new())),
            usage: self.usage(),
            timing,
            at,
        }
    }

    pub(in crate::response) fn cancelled(&self, timing: Timing, at: DateTime<Utc>) -> E {
        E::Cancelled {
            answer: self.answer(Vec::new()),
            usage: self.usage(),
            timing,
            at,
        }
    }

    /// Everything that was said and done, and `cut`, which was being said. What is still in progress
    /// when a run ends stays incomplete.
    fn answer(&self, cut: Vec<Item>) -> Answer {
        let ended = |mut item: Item| {
            if item.status == ItemStatus::InProgress {
                item.status = ItemStatus::Incomplete;
            }
            item
        };
        let cut = cut.into_iter().map(|mut item| {
            item.status = ItemStatus::Incomplete;
            item
        });
        let output: Vec<Item> = self.output().into_iter().map(ended).chain(cut).collect();
        let last = self.rounds().last().map(|(said, _)| said);
        Answer {
            provider_id: last.and_then(|said| said.provider_id.clone()),
            model: last.map(|said| said.model.clone()).unwrap_or_default(),
            body: Json::of(&output),
            system_fingerprint: None,
            service_tier: last.and_then(|said| said.service_tier.clone()),
        }
    }
}
