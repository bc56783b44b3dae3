mod closing;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::item::{Item, ItemStatus};
use jan_domain::metadata::Metadata;
use jan_domain::ports::IdGenerator;
use jan_domain::response::{
    Answer, Failure, IncompleteReason, RequestedCall, Response, ResponseCommand, ResponseError,
    Timing, Usage,
};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;

use super::accumulate::Accumulated;
use super::continuation::Continuation;
use crate::store::{Loaded, NewEvent, Ticket};
use crate::{CommandError, Commands};

/// Tries to record an ending while others change the conversation.
const ATTEMPTS_MAX: u32 = 8;

/// A call whose intent is on record or on its way there, and whose ending is not. It cannot be
/// forgotten: dropped without an ending, it stops the model and records what had been said.
pub(super) struct OpenRun(Option<Box<Run>>);

pub(super) struct Run {
    pub(super) commands: Commands,
    pub(super) id: ResponseId,
    pub(super) ids: Arc<dyn IdGenerator>,
    pub(super) metadata: Metadata,
    pub(super) model: String,
    pub(super) keeps_content: bool,
    pub(super) continuation: Option<Continuation>,
    pub(super) told: Accumulated,
    pub(super) loaded: Loaded<Response>,
    pub(super) intent: Intent,
    /// An ending on its way to the log. Whoever stops waiting for it must wait for it later.
    pub(super) ending: Option<Ticket>,
    /// Whether the whole answer was there to be recorded.
    pub(super) was_answered: bool,
    /// When the call has taken too long.
    pub(super) deadline: Instant,
    pub(super) permit: Option<OwnedSemaphorePermit>,
    span: Span,
    requested_at: DateTime<Utc>,
    first_token_at: Option<DateTime<Utc>>,
}

pub(super) enum Intent {
    UnderWay(Ticket),
    Recorded,
    Lost,
}

/// What a run begins with.
pub(super) struct Beginning {
    pub(super) commands: Commands,
    pub(super) id: ResponseId,
    pub(super) ids: Arc<dyn IdGenerator>,
    pub(super) metadata: Metadata,
    pub(super) call: RequestedCall,
    pub(super) continuation: Option<Continuation>,
    pub(super) permit: OwnedSemaphorePermit,
}

impl OpenRun {
    /// Plans the call's step on record, together with `begun`, the events of a new conversation.
    pub(super) async fn begin(
        beginning: Beginning,
        begun: Vec<NewEvent>,
    ) -> Result<Self, CommandError<ResponseError>> {
        let Beginning {
            commands,
            id,
            ids,
            metadata,
            call,
            continuation,
            permit,
        } = beginning;
        let requested_at = commands.clock.now();
        let deadline = Instant::now() + commands.call_duration_max;
        let span = span_of(&id, &call);
        let model = call.model.clone();
        let keeps_content = call.retention.keeps_content();
        let mut loaded = Loaded::new(id.as_str());
        let request = ResponseCommand::Request {
            call: Box::new(call),
            at: requested_at,
        };
        let log = commands.responses.log().clone();
        let decided = loaded.decide(request, &metadata, &log).await;
        let mut events = decided.map_err(CommandError::Refused)?;
        events.extend(begun);
        commands.crash.pass("chat.before_intent");
        let intent = Intent::UnderWay(log.submit(events).await);
        commands.metrics.opened();
        Ok(Self(Some(Box::new(Run {
            commands,
            id,
            ids,
            metadata,
            model,
            keeps_content,
            continuation,
            told: Accumulated::default(),
            loaded,
            intent,
            ending: None,
            was_answered: false,
            deadline,
            permit: Some(permit),
            span,
            requested_at,
            first_token_at: None,
        }))))
    }

    /// Gives the run up: it has an ending, or must get it from somebody else.
    pub(super) fn give_up(mut self) -> Option<Box<Run>> {
        self.0.take()
    }

    pub(super) fn run(&mut self) -> &mut Run {
        self.0.as_mut().expect("a run is there until it has ended")
    }

    /// Waits until the intent is on record. Nothing may be answered before.
    pub(super) async fn recorded(&mut self) -> Result<(), CommandError<ResponseError>> {
        let run = self.run();
        let Intent::UnderWay(ticket) = &mut run.intent else {
            return Ok(());
        };
        let outcome = ticket.await;
        run.intent = if outcome.is_ok() {
            Intent::Recorded
        } else {
            Intent::Lost
        };
        if outcome.is_ok() {
            run.commands.crash.pass("chat.after_intent");
        }
        outcome?;
        Ok(())
    }

    /// Records the whole answer. `message` is its first choice's, for the conversation.
    pub(super) async fn complete(
        &mut self,
        answer: Answer,
        usage: Usage,
        message: &Value,
    ) -> Result<(), CommandError<ResponseError>> {
        let run = self.run();
        run.was_answered = true;
        let timing = run.timing();
        let turn = run.turn(message, ItemStatus::Completed);
        let ending = Ending {
            name: "completed",
            timing,
            usage,
            turn,
        };
        self.end(ending, move |at| ResponseCommand::Complete {
            answer: answer.clone(),
            usage,
            timing,
            at,
        })
        .await
    }

    /// Records that there is no answer, and what had been told of it. The conversation gains
    /// nothing: the caller will ask again.
    pub(super) async fn fail(
        &mut self,
        failure: Failure,
    ) -> Result<(), CommandError<ResponseError>> {
        let run = self.run();
        run.span.record("error.type", failure.kind.as_str());
        let timing = run.timing();
        let partial =
            (!run.told.is_empty()).then(|| run.told.answer(&run.model, run.keeps_content));
        let ending = Ending {
            name: "failed",
            timing,
            usage: Usage::default(),
            turn: None,
        };
        self.end(ending, move |at| ResponseCommand::Fail {
            failure: failure.clone(),
            partial: partial.clone(),
            timing,
            at,
        })
        .await
    }

    /// Records that the client went away, and what it had been told.
    pub(super) async fn interrupt(&mut self) -> Result<(), CommandError<ResponseError>> {
        let run = self.run();
        let timing = run.timing();
        let usage = run.told.usage.unwrap_or_default();
        let answer = run.told.answer(&run.model, run.keeps_content);
        let message = run.told.first_message();
        let turn = run.turn(&message, ItemStatus::Incomplete);
        let ending = Ending {
            name: "incomplete",
            timing,
            usage,
            turn,
        };
        self.end(ending, move |at| ResponseCommand::Interrupt {
            reason: IncompleteReason::ClientDisconnected,
            answer: answer.clone(),
            usage,
            timing,
            at,
        })
        .await
    }

    /// Records an ending, together with what the conversation gains by it: both or neither.
    async fn end(
        &mut self,
        ending: Ending,
        command: impl Fn(DateTime<Utc>) -> ResponseCommand,
    ) -> Result<(), CommandError<ResponseError>> {
        let run = self.run();
        run.commands.crash.pass("chat.after_effect");
        run.append_ending(ending.turn, command).await?;
        run.commands.crash.pass("chat.after_outcome");
        run.commands
            .metrics
            .ended(ending.name, &run.model, ending.timing, ending.usage);
        if run.first_token_at.is_some() {
            run.commands.metrics.began_to_answer(ending.timing);
        }
        tracing::record_all!(
            run.span,
            jan.ending = ending.name,
            gen_ai.usage.input_tokens = ending.usage.input_tokens,
            gen_ai.usage.output_tokens = ending.usage.output_tokens,
        );
        self.0 = None;
        Ok(())
    }
}

/// The span of a call, in the words of the OpenTelemetry GenAI conventions. It lasts as long as the
/// call, streamed answers included.
fn span_of(id: &ResponseId, call: &RequestedCall) -> Span {
    tracing::info_span!(
        "gen_ai.chat",
        otel.name = %format_args!("chat {}", call.model),
        otel.kind = "client",
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = call.step.provider,
        gen_ai.request.model = call.model,
        gen_ai.response.id = id.as_str(),
        gen_ai.conversation.id = call.conversation.as_ref().map(ConversationId::as_str),
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        jan.ending = Empty,
        error.type = Empty,
    )
}

/// How a call ended, for its metrics and its conversation.
struct Ending {
    name: &'static str,
    timing: Timing,
    usage: Usage,
    turn: Option<Vec<Item>>,
}

impl Run {
    async fn append_ending(
        &mut self,
        turn: Option<Vec<Item>>,
        command: impl Fn(DateTime<Utc>) -> ResponseCommand,
    ) -> Result<(), CommandError<ResponseError>> {
        let log = self.commands.responses.log().clone();
        for attempt in 0..ATTEMPTS_MAX {
            let mut loaded = self.loaded.clone();
            let command = command(self.commands.clock.now());
            let decided = loaded.decide(command, &self.metadata, &log).await;
            let mut events = decided.map_err(CommandError::Refused)?;
            if events.is_empty() {
                return Ok(());
            }
            if let (Some(continuation), Some(items)) = (&self.continuation, &turn) {
                let grown =
                    continuation.grow(&self.commands, &self.id, items.clone(), &self.metadata);
                events.extend(
                    grown
                        .await
                        .map_err(|error| CommandError::Rejected(error.into()))?,
                );
            }
            let ticket = self.ending.insert(log.submit(events).await);
            let outcome = ticket.await;
            self.ending = None;
            match outcome.map_err(CommandError::from) {
                Err(CommandError::Conflict) => self.look_again(attempt).await?,
                outcome => return outcome.map(|_| ()),
            }
        }
        Err(CommandError::Conflict)
    }

    /// After a conflict: somebody else has changed the response or its conversation.
    async fn look_again(&mut self, attempt: u32) -> Result<(), CommandError<ResponseError>> {
        crate::store::back_off(attempt).await;
        self.loaded = self.commands.responses.load(self.id.as_str()).await?;
        if let Some(continuation) = &mut self.continuation {
            continuation
                .reload(&self.commands)
                .await
                .map_err(unavailable)?;
        }
        Ok(())
    }

    /// What the conversation gains by an answer; nothing when nothing was said.
    fn turn(&self, message: &Value, status: ItemStatus) -> Option<Vec<Item>> {
        let continuation = self.continuation.as_ref().filter(|_| !message.is_null())?;
        continuation.turn(message, status, self.ids.as_ref())
    }

    /// Marks the first byte of the answer.
    pub(super) fn mark_first_token(&mut self) {
        if self.first_token_at.is_none() {
            self.first_token_at = Some(self.commands.clock.now());
            self.commands.crash.pass("chat.during_effect");
        }
    }

    /// Whether the stream, as it was last loaded, is open and this run's: another attempt under the
    /// same idempotency key may have been quicker, in another process.
    pub(super) fn is_on_record(&self) -> bool {
        matches!(&self.loaded.state, Response::Open(call)
            if call.node == self.commands.node && call.requested_at == self.requested_at)
    }

    /// How long the call has taken until now.
    pub(super) fn timing(&self) -> Timing {
        let since = |at: DateTime<Utc>| {
            u64::try_from((at - self.requested_at).num_milliseconds()).unwrap_or_default()
        };
        let total_ms = since(self.commands.clock.now());
        Timing {
            first_token_ms: self.first_token_at.map_or(total_ms, since),
            total_ms,
        }
    }
}

fn unavailable<E: std::error::Error + Send + Sync + 'static, F>(
    error: CommandError<E>,
) -> CommandError<F> {
    match error {
        CommandError::Conflict => CommandError::Conflict,
        other => CommandError::Unavailable(other.into()),
    }
}

impl Drop for OpenRun {
    fn drop(&mut self) {
        let Some(run) = self.0.take() else { return };
        let tracker = run.commands.tracker.clone();
        tracker.spawn(closing::close(Self(Some(run))));
    }
}
