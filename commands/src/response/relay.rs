use std::collections::VecDeque;
use std::pin::Pin;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jan_domain::json::{repaired, within_bounds};
use jan_domain::ports::{Frame, Frames, ProviderFailure};
use jan_domain::response::{Failure, FailureKind};
use serde_json::Value;
use tokio::time::{Sleep, sleep_until};

use super::chunk::{Chunk, rewritten, text_of, with_id};
use super::continuation::{Continuation, conversation_chunk};
use super::open_run::OpenRun;
use super::{ChatEvent, ChatWish};

/// Passes a provider's stream on while its text is taken down.
///
/// Chunks go out as they come, with our id and nothing else changed. From the moment every choice
/// has finished they are held back until the answer is on record: whoever has seen the end can rely
/// on it.
pub(super) fn relay(
    run: OpenRun,
    frames: Frames,
    wish: &ChatWish,
) -> BoxStream<'static, ChatEvent> {
    let mut run = run;
    let deadline = run.run().deadline;
    let relay = Relay {
        run,
        frames,
        choices: wish.choices,
        include_usage: wish.delivery.tells_usage(),
        held: VecDeque::new(),
        state: State::Telling,
        alarm: Box::pin(sleep_until(deadline)),
    };
    stream::unfold(relay, |mut relay| async move {
        Some((relay.next().await?, relay))
    })
    .boxed()
}

struct Relay {
    run: OpenRun,
    frames: Frames,
    choices: usize,
    include_usage: bool,
    held: VecDeque<ChatEvent>,
    state: State,
    /// When the call has taken too long. One timer for all frames.
    alarm: Pin<Box<Sleep>>,
}

#[derive(PartialEq)]
enum State {
    Telling,
    Ended,
}

impl Relay {
    async fn next(&mut self) -> Option<ChatEvent> {
        while self.state == State::Telling {
            match self.next_frame().await {
                Some(Ok(Frame::Data(json))) => {
                    if let Some(chunk) = self.take(&json).await {
                        return Some(chunk);
                    }
                }
                Some(Err(failure)) if !self.is_finished() => self.fail(failure.recorded()).await,
                None if !self.is_finished() => self.fail(ProviderFailure::Cut.recorded()).await,
                Some(Ok(Frame::Done)) if !self.run.run().told.is_settled() => {
                    self.fail(ProviderFailure::Cut.recorded()).await;
                }
                // All choices have finished: whatever ends the stream, the answer is whole.
                _ => self.complete().await,
            }
        }
        self.held.pop_front()
    }

    /// The provider's next frame; a call that takes too long in all has stalled.
    async fn next_frame(&mut self) -> Option<Result<Frame, ProviderFailure>> {
        tokio::select! {
            biased;
            next = self.frames.next() => next,
            () = &mut self.alarm => Some(Err(ProviderFailure::Stalled)),
        }
    }

    fn is_finished(&mut self) -> bool {
        let choices = self.choices;
        self.run.run().told.is_finished(choices)
    }

    /// Takes one chunk down and answers it, unless it must be held back or was not asked for.
    async fn take(&mut self, json: &Bytes) -> Option<ChatEvent> {
        let text = text_of(json);
        let text = repaired(&text);
        let chunk = serde_json::from_str::<Chunk<'_>>(&text);
        let Ok(chunk) = chunk.map_err(drop).and_then(|chunk| {
            within_bounds(&text).map_err(drop)?;
            Ok(chunk)
        }) else {
            self.fail(ProviderFailure::Garbled.recorded()).await;
            return None;
        };
        if let Some(error) = chunk.error {
            let failure = told_failure(error.get());
            self.fail(failure).await;
            return None;
        }
        let run = self.run.run();
        run.mark_first_token();
        run.told.add(&chunk);
        let tells_usage_only =
            chunk.choices.as_ref().is_none_or(Vec::is_empty) && chunk.usage.is_some();
        if tells_usage_only && !self.include_usage {
            return None;
        }
        let told = ChatEvent::Chunk(match &chunk.choices {
            Some(_) => with_id(&text, chunk.id.as_ref(), run.id.as_str()),
            None => rewritten(&text, run.id.as_str()),
        });
        if !run.told.is_finished(self.choices) {
            return Some(told);
        }
        self.held.push_back(told);
        None
    }

    async fn complete(&mut self) {
        let run = self.run.run();
        let answer = run.told.answer(&run.model, run.keeps_content);
        let usage = run.told.usage.unwrap_or_default();
        let message = run.told.first_message();
        let conversation = run.continuation.as_ref().map(Continuation::mention);
        let mention = conversation.map(|told| {
            conversation_chunk(
                run.id.as_str(),
                &run.model,
                run.commands.clock.now().timestamp(),
                &told,
            )
        });
        let recording = self.run.complete(answer, usage, &message);
        tokio::pin!(recording);
        // The end of the provider's stream usually comes meanwhile; whoever has read it can use the
        // connection again.
        let recorded = tokio::select! {
            biased;
            recorded = &mut recording => recorded,
            _ = self.frames.next() => recording.await,
        };
        match recorded {
            Ok(()) => self.held.extend(mention.map(ChatEvent::Chunk)),
            Err(error) => {
                tracing::error!(error = %error, "an answer could not be recorded");
                self.held.clear();
                self.held.push_back(ChatEvent::Failed(Failure {
                    kind: FailureKind::Internal,
                    message: "The answer could not be recorded.".to_owned(),
                }));
            }
        }
        self.state = State::Ended;
    }

    async fn fail(&mut self, failure: Failure) {
        if let Err(error) = self.run.fail(failure.clone()).await {
            tracing::error!(error = %error, "a failed call could not be recorded");
        }
        self.held.clear();
        self.held.push_back(ChatEvent::Failed(failure));
        self.state = State::Ended;
    }
}

/// A provider's own words in the middle of a stream, as far as they are safe to repeat.
fn told_failure(error: &str) -> Failure {
    let error: Value = serde_json::from_str(error).unwrap_or_default();
    let overloaded = error["code"] == "rate_limit_exceeded" || error["code"] == 429;
    let kind = if overloaded {
        FailureKind::ProviderOverloaded
    } else {
        FailureKind::ProviderError
    };
    Failure {
        kind,
        message: "The model provider reported an error in the middle of its answer.".to_owned(),
    }
}
