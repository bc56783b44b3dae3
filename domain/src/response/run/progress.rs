use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Said, ServerTerms, Step, StepOutcome, ToolUse, Work};
use crate::id::{ConversationId, NodeId, StepId};
use crate::json::Json;
use crate::response::{RequestedCall, RunTerms, Usage};

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What it was accepted under.
    pub terms: RunTerms,
    /// What was asked, beside the items.
    pub request: Json,
    /// The conversation it continues.
    pub conversation: Option<ConversationId>,
    /// The process that carries it; `None` while it waits for one.
    pub node: Option<NodeId>,
    /// How often it was taken up by a process. Who carries an older number carries nothing.
    pub epoch: u32,
    /// From which the ids of all steps follow.
    pub root: StepId,
    /// Its steps, in the order in which they were planned.
    pub steps: Vec<StepSoFar>,
}

/// One step as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSoFar {
    /// What was planned.
    pub step: Step,
    /// The run's epoch when it was.
    pub epoch: u32,
    /// When it was.
    pub planned_at: DateTime<Utc>,
    /// What came of it, once that is known.
    pub outcome: Option<StepOutcome>,
}

impl Progress {
    /// A run that was just requested. If there is nothing to do before, its first question to the
    /// model is planned with it. A run in the background waits for a process.
    pub(in crate::response) fn begun(
        call: &RequestedCall,
        terms: RunTerms,
        at: DateTime<Utc>,
    ) -> Self {
        let first = &call.step;
        let mut begun = Self {
            node: (!terms.background).then(|| call.node.clone()),
            terms,
            request: call.request.clone(),
            conversation: call.conversation.clone(),
            epoch: 0,
            root: first.id.clone(),
            steps: Vec::new(),
        };
        if begun.beginning().is_empty() {
            let step = Step {
                id: first.id.clone(),
                index: 0,
                work: Work::Infer,
            };
            begun.plan(step, at);
        }
        begun
    }

    /// The step with this id.
    pub fn step(&self, id: &StepId) -> Option<&StepSoFar> {
        self.steps.iter().find(|known| &known.step.id == id)
    }

    /// Steps whose outcome is not known, in order.
    pub fn open_steps(&self) -> impl Iterator<Item = &StepSoFar> {
        self.steps.iter().filter(|step| step.outcome.is_none())
    }

    /// What a server of this run may do.
    pub fn server(&self, label: &str) -> Option<&ServerTerms> {
        let mut servers = self.terms.servers.iter();
        servers.find(|server| server.label == label)
    }

    /// Everything that was said, oldest first, each with the steps of the calls it asked for.
    pub fn rounds(&self) -> impl Iterator<Item = (&Said, &[StepSoFar])> {
        self.steps.iter().enumerate().filter_map(|(at, step)| {
            let Some(StepOutcome::Said(said)) = &step.outcome else {
                return None;
            };
            let calls = &self.steps[at + 1..];
            let ends = calls
                .iter()
                .position(|step| matches!(step.step.work, Work::Infer));
            Some((said, &calls[..ends.unwrap_or(calls.len())]))
        })
    }

    /// Calls of tools that were planned.
    pub fn uses(&self) -> impl Iterator<Item = (&ToolUse, &StepSoFar)> {
        self.steps.iter().filter_map(|step| match &step.step.work {
            Work::CallTool(used) => Some((used, step)),
            Work::Infer | Work::ListTools { .. } => None,
        })
    }

    /// Tokens of everything that was said.
    pub fn usage(&self) -> Usage {
        self.rounds()
            .fold(Usage::default(), |sum, (said, _)| sum.plus(said.usage))
    }

    /// Rounds in which the model asked for tools, also those in which it was given none: a model that
    /// does not stop asking comes to an end all the same.
    pub(super) fn tool_rounds(&self) -> usize {
        self.rounds()
            .filter(|(said, calls)| !calls.is_empty() || !said.declined.is_empty())
            .count()
    }

    pub(in crate::response) fn plan(&mut self, step: Step, at: DateTime<Utc>) {
        self.steps.push(StepSoFar {
            step,
            epoch: self.epoch,
            planned_at: at,
            outcome: None,
        });
    }

    pub(in crate::response) fn record(&mut self, id: &StepId, outcome: StepOutcome) {
        let mut steps = self.steps.iter_mut();
        if let Some(known) = steps.find(|known| &known.step.id == id) {
            known.outcome = Some(outcome);
        }
    }
}
