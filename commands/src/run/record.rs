use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::item::Item;
use jan_domain::response::run::Progress;
use jan_domain::response::{
    Ending, Failure, Response, ResponseCommand, ResponseError, ResponseEvent, Timing, Usage,
};

use super::carried::Carried;
use super::outcome::outcome_of;
use super::stream_event::{RunEnding, StreamEvent};
use crate::CommandError;
use crate::store::{Loaded, NewEvent, back_off};

/// Tries of one record while others change the streams.
const ATTEMPTS_MAX: u32 = 16;
/// Tries of a last record while the database is away.
const LAST_TRIES_MAX: u32 = 24;

/// How carrying came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrying {
    /// The run has its ending.
    Ended,
    /// Somebody else carries it, or will.
    GivenUp,
}

type Recorded = Result<(), CommandError<ResponseError>>;

/// Writes down what happens in a run, and tells its end.
pub(super) struct Recorder {
    run: Arc<Carried>,
    loaded: Loaded<Response>,
    given_up: bool,
}

impl Recorder {
    pub(super) fn new(run: Arc<Carried>, loaded: Loaded<Response>) -> Self {
        Self {
            run,
            loaded,
            given_up: false,
        }
    }

    pub(super) fn progress(&self) -> Option<&Progress> {
        match &self.loaded.state {
            Response::Open(call) => call.run.as_deref(),
            _ => None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        !matches!(self.loaded.state, Response::Open(_))
    }

    /// Whether there is nothing more to do here.
    pub(super) fn is_over(&self) -> bool {
        self.given_up || self.is_closed()
    }

    pub(super) fn carrying(&self) -> Carrying {
        if self.is_closed() {
            Carrying::Ended
        } else {
            Carrying::GivenUp
        }
    }

    /// Carries out a command. When somebody else has ended the run, or carries it, that is how it is;
    /// see [`is_over`](Self::is_over).
    pub(super) async fn record(
        &mut self,
        command: impl Fn(DateTime<Utc>) -> ResponseCommand,
    ) -> Recorded {
        for attempt in 0..ATTEMPTS_MAX {
            match self.append(command(self.run.commands.clock.now())).await {
                Err(CommandError::Conflict) => {
                    back_off(attempt).await;
                    self.look_again().await?;
                    if self.is_over() {
                        return Ok(());
                    }
                }
                Err(CommandError::Refused(
                    ResponseError::Superseded | ResponseError::AlreadyClosed,
                )) => {
                    self.given_up = true;
                    return Ok(());
                }
                outcome => return outcome,
            }
        }
        Err(CommandError::Conflict)
    }

    async fn append(&mut self, command: ResponseCommand) -> Recorded {
        let commands = &self.run.commands;
        let log = commands.responses.log();
        let keeps_content = self.run.keeps_content;
        let kept = |event: ResponseEvent| {
            if keeps_content {
                event
            } else {
                event.without_content()
            }
        };
        let mut after = self.loaded.clone();
        let decided = after
            .decide_keeping(command, &self.run.metadata, log, kept)
            .await;
        let mut events = decided.map_err(CommandError::Refused)?;
        if events.is_empty() {
            self.loaded = after;
            return Ok(());
        }
        if let Response::Closed { ending, .. } = &after.state {
            commands.crash.pass("run.before_outcome");
            events.extend(self.conversation_events(ending).await?);
        }
        log.submit(events).await.await?;
        self.loaded = after;
        commands.crash.pass("run.after_event");
        self.tell_end();
        Ok(())
    }

    /// What the conversation gains by an ending: the whole turn or nothing, and its freedom.
    async fn conversation_events(
        &self,
        ending: &Ending,
    ) -> Result<Vec<NewEvent>, CommandError<ResponseError>> {
        let Some(id) = &self.run.conversation else {
            return Ok(Vec::new());
        };
        let conversations = &self.run.commands.conversations;
        let loaded = conversations.load(id.as_str()).await;
        let mut loaded = loaded.map_err(|error| CommandError::Unavailable(error.into()))?;
        if !matches!(loaded.state, Conversation::Live(_)) {
            tracing::warn!(conversation.id = %id, response.id = %self.run.id,
                "a conversation could not take an answer: it was deleted meanwhile");
            return Ok(Vec::new());
        }
        let at = self.run.commands.clock.now();
        let gained = self.run.keeps_content.then(|| self.turn(ending)).flatten();
        let appends = gained.map(|items| ConversationCommand::AppendItems {
            items,
            response: Some(self.run.id.clone()),
            at,
        });
        let frees = ConversationCommand::EndRun {
            response: self.run.id.clone(),
            at,
        };
        let mut events = Vec::new();
        for command in appends.into_iter().chain([frees]) {
            let log = conversations.log();
            let decided = loaded.decide(command, &self.run.metadata, log).await;
            events.extend(decided.map_err(|error| CommandError::Rejected(error.into()))?);
        }
        Ok(events)
    }

    /// The items of the turn; a run that failed adds none, its caller will ask again.
    fn turn(&self, ending: &Ending) -> Option<Vec<Item>> {
        let answer = match ending {
            Ending::Completed { answer, .. } | Ending::Incomplete { answer, .. } => answer,
            Ending::Failed { .. } | Ending::Cancelled { .. } => return None,
        };
        let output: Vec<Item> = answer.body.read().unwrap_or_default();
        if output.is_empty() {
            return None;
        }
        Some(self.run.input.iter().cloned().chain(output).collect())
    }

    /// Reads the stream again, after somebody else has changed it or its conversation. A run whose
    /// words are not kept cannot be read back: whoever changed it has it.
    pub(super) async fn look_again(&mut self) -> Recorded {
        let id = self.run.id.as_str();
        let loaded = self.run.commands.responses.load(id).await?;
        let mine = matches!(&loaded.state, Response::Open(call)
            if call.run.as_ref().is_some_and(|run| run.epoch == self.run.epoch));
        let unchanged = loaded.version == self.loaded.version;
        self.given_up = !mine || !(self.run.keeps_content || unchanged);
        if self.run.keeps_content || !matches!(loaded.state, Response::Open(_)) {
            self.loaded = loaded;
        }
        if self.is_closed() {
            self.tell_end();
        }
        Ok(())
    }

    fn tell_end(&self) {
        let Response::Closed { ending, call, at } = &self.loaded.state else {
            return;
        };
        let usage = call.run.as_ref().map(|run| run.usage());
        let outcome = outcome_of(ending, usage, *at);
        let (timing, usage) = (self.run.timing(), outcome.usage.unwrap_or_default());
        self.measure(&outcome.ending, timing, usage);
        if let RunEnding::Failed(failure) = &outcome.ending {
            self.run.teller.tell(StreamEvent::Error(failure.clone()));
        }
        self.run.teller.tell(StreamEvent::Ended(Box::new(outcome)));
    }

    fn measure(&self, ending: &RunEnding, timing: Timing, usage: Usage) {
        let name = match ending {
            RunEnding::Completed => "completed",
            RunEnding::Incomplete(_) => "incomplete",
            RunEnding::Failed(_) => "failed",
            RunEnding::Cancelled => "cancelled",
        };
        let metrics = &self.run.commands.metrics;
        metrics.ended(name, &self.run.model, timing, usage);
        if self.run.first_token_at.get().is_some() {
            metrics.began_to_answer(timing);
        }
    }

    /// Tries for a while to record that the run has failed; then at least tells it.
    pub(super) async fn fail_at_last(&mut self, failure: Failure) {
        for attempt in 0..LAST_TRIES_MAX {
            let timing = self.run.timing();
            let fail = |at| ResponseCommand::Fail {
                failure: failure.clone(),
                partial: None,
                timing,
                at,
            };
            if self.record(fail).await.is_ok() {
                break;
            }
            let pause = Duration::from_secs(1 << attempt.min(5));
            tokio::time::sleep(pause.min(Duration::from_secs(30))).await;
        }
        if !self.is_closed() {
            self.run.teller.tell(StreamEvent::Error(failure));
        }
    }
}
