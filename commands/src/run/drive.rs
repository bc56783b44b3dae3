//! Carrying a run from where it stands to its end: plan, perform, record, until nothing follows.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jan_domain::response::run::{Progress, StepOutcome, StepSoFar, Work};
use jan_domain::response::{
    EffectClass, Failure, FailureKind, IncompleteReason, Response, ResponseCommand, ResponseError,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::carried::Carried;
use super::infer::{Overheard, infer, replace};
use super::record::{Carrying, Recorder};
use super::retold::tell_so_far;
use super::tool_step::{call_tool, list_tools};
use super::{stream_event::StreamEvent, tool_events};
use crate::runner::journal::Kept;
use crate::{CommandError, store::Loaded};

/// What may stop a run from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    /// Its client has gone.
    pub(crate) client_left: CancellationToken,
    /// Its stream has an ending that this process did not write, or another process has taken it up.
    pub(crate) ended_elsewhere: CancellationToken,
    /// This process is about to stop; others will go on.
    pub(crate) handing_over: CancellationToken,
}

type Performance = Pin<Box<dyn Future<Output = Performed> + Send>>;

/// What came of performing one step.
struct Performed {
    step: StepSoFar,
    output_index: usize,
    result: Result<Kept, Fault>,
}

/// Why a step has no outcome.
enum Fault {
    /// The model gave no answer: the run fails.
    Model(Failure),
    /// Our own database could not be asked.
    Journal(sqlx::Error),
}

/// Carries a run to its end.
pub(crate) async fn drive(
    run: Arc<Carried>,
    loaded: Loaded<Response>,
    signals: Signals,
) -> Carrying {
    let overheard = Overheard::default();
    let mut drive = Drive {
        recorder: Recorder::new(Arc::clone(&run), loaded),
        under_way: FuturesUnordered::new(),
        performed: VecDeque::new(),
        begun: 0,
        overheard,
        run,
    };
    let carried = drive.carry(&signals).await;
    match carried {
        Ok(carrying) => carrying,
        Err(error) => drive.give_up(&error).await,
    }
}

struct Drive {
    run: Arc<Carried>,
    recorder: Recorder,
    under_way: FuturesUnordered<Performance>,
    /// What was performed while something else was recorded.
    performed: VecDeque<Performed>,
    /// Steps that are under way or over, by their place.
    begun: usize,
    overheard: Overheard,
}

type Failed = CommandError<ResponseError>;

impl Drive {
    async fn carry(&mut self, signals: &Signals) -> Result<Carrying, Failed> {
        let deadline = self.deadline();
        self.run.teller.tell(StreamEvent::InProgress);
        if let Some(progress) = self.recorder.progress()
            && self.run.epoch > 1
        {
            tell_so_far(&self.run.teller, progress);
        }
        loop {
            if self.recorder.is_closed() {
                return Ok(Carrying::Ended);
            }
            self.begin_steps();
            let handed_over = signals.handing_over.is_cancelled();
            if handed_over && self.run.background && !self.must_wait() {
                return Ok(Carrying::GivenUp);
            }
            tokio::select! {
                biased;
                () = self.run.on_record.missed() => return Ok(Carrying::GivenUp),
                () = signals.ended_elsewhere.cancelled() => {
                    // Whatever is under way is for nobody any more: stop it before all else.
                    self.under_way.clear();
                    self.recorder.look_again().await?;
                    return Ok(self.recorder.carrying());
                }
                () = signals.client_left.cancelled() => {
                    return self.stop(IncompleteReason::ClientDisconnected).await;
                }
                () = tokio::time::sleep_until(deadline) => {
                    return self.stop(IncompleteReason::RunTimeout).await;
                }
                Some(performed) = next(&mut self.performed, &mut self.under_way) => {
                    if let Some(carrying) = self.take(performed).await? {
                        return Ok(carrying);
                    }
                }
                () = signals.handing_over.cancelled(), if !handed_over => {}
            }
        }
    }

    fn deadline(&self) -> Instant {
        let Some(progress) = self.recorder.progress() else {
            return Instant::now();
        };
        let left = progress.terms.deadline - self.run.commands.clock.now();
        Instant::now() + left.to_std().unwrap_or_default()
    }

    /// A call that must not be made twice is waited for, so that nobody has to wonder about it.
    fn must_wait(&self) -> bool {
        let progress = self.recorder.progress();
        progress.is_some_and(|progress| {
            progress.open_steps().any(|step| {
                matches!(&step.step.work, Work::CallTool(used) if used.effect == EffectClass::Unsafe)
            })
        })
    }

    /// Begins whatever is planned and not begun.
    fn begin_steps(&mut self) {
        let Some(progress) = self.recorder.progress() else {
            return;
        };
        let progress = Arc::new(progress.clone());
        for (at, step) in progress.steps.iter().enumerate().skip(self.begun) {
            if step.outcome.is_some() {
                continue;
            }
            let output_index = index_of(&progress, at);
            tool_events::begun(&self.run.teller, &step.step.work, output_index);
            let run = Arc::clone(&self.run);
            let (step, progress) = (step.clone(), Arc::clone(&progress));
            let overheard = Arc::clone(&self.overheard);
            self.under_way.push(Box::pin(async move {
                let result = perform(&run, &progress, &step, &overheard).await;
                Performed {
                    step,
                    output_index,
                    result,
                }
            }));
        }
        self.begun = progress.steps.len();
    }

    async fn take(&mut self, performed: Performed) -> Result<Option<Carrying>, Failed> {
        let Performed {
            step,
            output_index,
            result,
        } = performed;
        let kept = match result {
            Ok(kept) => kept,
            Err(Fault::Model(failure)) => {
                let timing = self.run.timing();
                let fail = |at| ResponseCommand::Fail {
                    failure: failure.clone(),
                    partial: None,
                    timing,
                    at,
                };
                self.record(fail).await?;
                return Ok(Some(self.recorder.carrying()));
            }
            Err(Fault::Journal(error)) => return Err(CommandError::Unavailable(error.into())),
        };
        let timing = self.run.timing();
        let epoch = self.run.epoch;
        let record = |at| ResponseCommand::RecordStep {
            step: step.step.id.clone(),
            outcome: Box::new(kept.outcome.clone()),
            epoch,
            took_ms: kept.took_ms,
            timing,
            at,
        };
        tool_events::ended(
            &self.run.teller,
            &step.step.work,
            &kept.outcome,
            output_index,
        );
        self.record(record).await?;
        Ok(self.recorder.is_over().then(|| self.recorder.carrying()))
    }

    /// Records while other steps go on: one that stood still would keep the connection to the
    /// database that it waits for, and with enough of them nothing could be recorded any more.
    async fn record(
        &mut self,
        command: impl Fn(DateTime<Utc>) -> ResponseCommand,
    ) -> Result<(), Failed> {
        let recording = self.recorder.record(command);
        tokio::pin!(recording);
        loop {
            tokio::select! {
                biased;
                recorded = &mut recording => return recorded,
                Some(performed) = self.under_way.next() => self.performed.push_back(performed),
            }
        }
    }

    /// Ends the run short of its end, with what was being said.
    async fn stop(&mut self, reason: IncompleteReason) -> Result<Carrying, Failed> {
        self.under_way.clear();
        if !self.run.on_record.settled().await {
            return Ok(Carrying::GivenUp);
        }
        let hearing = replace(&self.overheard, None);
        let said = hearing.and_then(|hearing| hearing.cut(&self.run.model));
        let timing = self.run.timing();
        let stop = |at| ResponseCommand::Stop {
            reason,
            said: said.clone().map(Box::new),
            timing,
            at,
        };
        self.recorder.record(stop).await?;
        Ok(self.recorder.carrying())
    }

    /// Nothing can be recorded any more. A run in the background stays open for others; one in the
    /// foreground is ended as well as can be.
    async fn give_up(&mut self, error: &Failed) -> Carrying {
        tracing::error!(response.id = %self.run.id, error = %error, "a run could not go on");
        if self.run.background {
            return Carrying::GivenUp;
        }
        let failure = Failure {
            kind: FailureKind::Internal,
            message: "The answer could not be recorded.".to_owned(),
        };
        self.recorder.fail_at_last(failure).await;
        Carrying::Ended
    }
}

/// What was performed next, if anything is under way.
async fn next(
    performed: &mut VecDeque<Performed>,
    under_way: &mut FuturesUnordered<Performance>,
) -> Option<Performed> {
    match performed.pop_front() {
        Some(performed) => Some(performed),
        None => under_way.next().await,
    }
}

/// The place of a step's first item among the output.
fn index_of(progress: &Progress, at: usize) -> usize {
    let before = Progress {
        steps: progress.steps[..at].to_vec(),
        ..progress.clone()
    };
    before.output().len()
}

async fn perform(
    run: &Carried,
    progress: &Progress,
    step: &StepSoFar,
    overheard: &Overheard,
) -> Result<Kept, Fault> {
    let begun = Instant::now();
    if !matches!(step.step.work, Work::Infer) {
        run.on_record.reached().await;
    }
    let outcome = match &step.step.work {
        Work::CallTool(used) => {
            let called = call_tool(run, progress, (step, used)).await;
            return called.map_err(Fault::Journal);
        }
        Work::ListTools { server, .. } => list_tools(run, progress, server).await,
        Work::Infer => {
            let said = infer(run, &step.step, progress, overheard).await;
            StepOutcome::Said(said.map_err(Fault::Model)?)
        }
    };
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Kept { outcome, took_ms })
}
