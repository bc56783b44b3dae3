//! What may be asked of a run, and how its own events change it.

use chrono::{DateTime, Utc};

use super::{Said, StepOutcome};
use crate::id::{NodeId, StepId};
use crate::response::{
    IncompleteReason, OpenResponse, Response, ResponseError, ResponseEvent as E, Timing,
};

type Decided = Result<Vec<E>, ResponseError>;

impl Response {
    /// A run in the background can be taken up by any process, again and again; who may, when
    /// another one carries it, is for the processes to know.
    pub(in crate::response) fn claim(
        &self,
        node: NodeId,
        epoch: u32,
        at: DateTime<Utc>,
    ) -> Decided {
        match self {
            Self::NotRequested => Err(ResponseError::NotFound),
            Self::Closed { .. } | Self::Deleted { .. } => Err(ResponseError::AlreadyClosed),
            Self::Open(call) => match &call.run {
                Some(run) if run.node.as_ref() == Some(&node) && run.epoch == epoch => Ok(vec![]),
                Some(run) if run.terms.background && run.epoch.checked_add(1) == Some(epoch) => {
                    Ok(vec![E::Claimed { node, epoch, at }])
                }
                _ => Err(ResponseError::Superseded),
            },
        }
    }

    /// The first outcome of a step stands. The same one again is no news.
    pub(in crate::response) fn record_step(
        &self,
        (id, epoch): (&StepId, u32),
        outcome: StepOutcome,
        took_ms: u64,
        time: (Timing, DateTime<Utc>),
    ) -> Decided {
        let (run, ending) = match self {
            Self::NotRequested => return Err(ResponseError::NotFound),
            Self::Deleted { .. } => return Err(ResponseError::AlreadyClosed),
            Self::Open(call) => (&call.run, None),
            Self::Closed { call, ending, .. } => (&call.run, Some(ending)),
        };
        let run = run.as_deref().ok_or(ResponseError::UnknownStep)?;
        let known = run.step(id).ok_or(ResponseError::UnknownStep)?;
        if known
            .outcome
            .as_ref()
            .is_some_and(|known| told_by(known, &outcome))
        {
            return Ok(vec![]);
        }
        if known.outcome.is_some() {
            return Err(ResponseError::UnknownStep);
        }
        let follows = || run.follow(&known.step, outcome, took_ms, time);
        match ending {
            None if epoch != run.epoch => Err(ResponseError::Superseded),
            None => Ok(follows()),
            Some(ending) if epoch == run.epoch => match follows().last() {
                Some(last) if ending.is_told_by(last) => Ok(vec![]),
                _ => Err(ResponseError::AlreadyClosed),
            },
            Some(_) => Err(ResponseError::AlreadyClosed),
        }
    }

    /// Ends a run with what it has; a chat completion has its own command for that.
    pub(in crate::response) fn stop(
        &self,
        reason: IncompleteReason,
        said: Option<&Said>,
        timing: Timing,
        at: DateTime<Utc>,
    ) -> Decided {
        match (self, self.progress()) {
            (Self::NotRequested, _) => Err(ResponseError::NotFound),
            (Self::Deleted { .. }, _) => Err(ResponseError::AlreadyClosed),
            (_, None) => Err(ResponseError::UnknownStep),
            (_, Some(run)) => self.close(run.stopped(reason, said, timing, at)),
        }
    }

    /// Whatever has ended stays as it is, and that is no mistake of the caller's.
    pub(in crate::response) fn cancel(&self, at: DateTime<Utc>) -> Decided {
        match self {
            Self::NotRequested | Self::Deleted { .. } => Err(ResponseError::NotFound),
            Self::Open(call) | Self::Closed { call, .. } => match &call.run {
                Some(run) if run.terms.background => match self {
                    Self::Open(_) => Ok(vec![run.cancelled(call.timing(at), at)]),
                    _ => Ok(vec![]),
                },
                _ => Err(ResponseError::NotCancellable),
            },
        }
    }
}

impl OpenResponse {
    /// Takes in an event of a run.
    pub(in crate::response) fn go_on(&mut self, event: E) {
        let Some(run) = self.run.as_deref_mut() else {
            return;
        };
        match event {
            E::Claimed { node, epoch, .. } => {
                run.node = Some(node);
                run.epoch = epoch;
            }
            E::StepPlanned { step, at } => run.plan(*step, at),
            E::StepSucceeded { step, outcome, .. } => run.record(&step, *outcome),
            E::StepFailed { step, failure, .. } => {
                run.record(&step, StepOutcome::Failed(failure));
            }
            E::StepOutcomeUnknown { step, .. } => run.record(&step, StepOutcome::Unknown),
            _ => {}
        }
    }

    fn timing(&self, at: DateTime<Utc>) -> Timing {
        let elapsed = (at - self.requested_at).num_milliseconds();
        let total_ms = u64::try_from(elapsed).unwrap_or_default();
        Timing {
            first_token_ms: total_ms,
            total_ms,
        }
    }
}

/// Whether `known`, as it was recorded, is what `told` tells: calls are not in the record, they are
/// steps of their own.
fn told_by(known: &StepOutcome, told: &StepOutcome) -> bool {
    match (known, told) {
        (StepOutcome::Said(known), StepOutcome::Said(told)) => {
            let without_uses = Said {
                uses: Vec::new(),
                ..told.clone()
            };
            *known == without_uses
        }
        _ => known == told,
    }
}
