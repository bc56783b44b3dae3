use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use jan_domain::json::{repaired, within_bounds};
use jan_domain::ports::{ChatAnswer, ChatCall, Frame, Frames, ModelRoute, ProviderFailure};
use jan_domain::response::run::{Progress, Said, Sources, Step};
use jan_domain::response::{Failure, FailureKind};
use serde_json::Value;

use super::carried::Carried;
use super::catalogue::Catalogue;
use super::hearing::Hearing;
use super::item_ids::StepItemIds;
use super::prompt;
use crate::media::MediaFailure;
use crate::response::chunk::{Chunk, text_of};

/// What a model is saying right now, for whoever has to cut it off.
pub(super) type Overheard = Arc<Mutex<Option<Hearing>>>;

/// Tries of one question while the provider is away or overloaded, when nobody waits at the door.
const TRIES_MAX: u32 = 5;

/// Asks the model, tells what it says as it says it, and answers the whole of it. What has been said
/// when this is dropped stays in `overheard`. Nobody listens before the run's intent is on record.
pub(super) async fn infer(
    run: &Carried,
    step: &Step,
    progress: &Progress,
    overheard: &Overheard,
) -> Result<Said, Failure> {
    let catalogue = Arc::new(Catalogue::of(&run.request, progress));
    let sources = Arc::new(Sources::of(progress));
    let route = run.route.as_ref().ok_or_else(no_model)?;
    let model = &route.upstream_model;
    let shown = (progress, &*catalogue);
    let mut context = run.context.as_slice();
    let tries = if run.background { TRIES_MAX } else { 1 };
    let first = progress.output().len();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let ids = StepItemIds::new(&run.id, step.index);
        let place = (ids, first, run.request.shows_logprobs);
        let known = (Arc::clone(&catalogue), Arc::clone(&sources));
        let hearing = Hearing::new(run.teller.clone(), known, place);
        replace(overheard, Some(hearing));
        let body = prompt::provider_body(&run.request, model, context, shown);
        let asked = match run.commands.media.show(&run.owner, body).await {
            Ok(body) => ask(run, route, body, overheard).await,
            Err(failure) => Err(Fault::unseen(&failure)),
        };
        let silent = with(overheard, |hearing| hearing.is_silent()).unwrap_or(true);
        match asked {
            Ok(()) => break,
            Err(fault) if fault.too_long && run.request.truncates && silent => {
                context = prompt::shortened(context).ok_or(fault.failure)?;
                attempt -= 1;
            }
            Err(fault) if fault.may_pass && silent && attempt < tries => {
                let pause = Duration::from_millis(500 << attempt.min(5));
                tokio::time::sleep(pause).await;
            }
            Err(fault) => return Err(fault.failure),
        }
    }
    let made = progress.uses().count();
    let most = progress.terms.tool_calls_max.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    let heard = replace(overheard, None).expect("a question was asked");
    Ok(heard.finish(&run.model, most.saturating_sub(made)))
}

/// A run without a model never comes to ask one; the rule of runs says so.
fn no_model() -> Failure {
    Failure {
        kind: FailureKind::Internal,
        message: "There is no model to ask.".to_owned(),
    }
}

/// What went wrong, and what may help.
struct Fault {
    failure: Failure,
    /// It may pass by itself.
    may_pass: bool,
    /// The model cannot read so much.
    too_long: bool,
}

impl From<ProviderFailure> for Fault {
    fn from(failure: ProviderFailure) -> Self {
        Self {
            may_pass: matches!(
                failure,
                ProviderFailure::Unreachable
                    | ProviderFailure::Overloaded { .. }
                    | ProviderFailure::Broken { .. }
            ),
            too_long: is_too_long(&failure),
            failure: failure.recorded(),
        }
    }
}

impl Fault {
    /// Media that the model should see could not be read.
    fn unseen(failure: &MediaFailure) -> Self {
        Self {
            failure: Failure {
                kind: FailureKind::Internal,
                message: failure.to_string(),
            },
            may_pass: true,
            too_long: false,
        }
    }
}

/// Whether a provider refused because of the length of the context, as far as providers say so.
fn is_too_long(failure: &ProviderFailure) -> bool {
    let ProviderFailure::Rejected { code, message, .. } = failure else {
        return false;
    };
    code.as_deref() == Some("context_length_exceeded")
        || ["context length", "context size", "context window"]
            .iter()
            .any(|words| message.to_lowercase().contains(words))
}

async fn ask(
    run: &Carried,
    route: &ModelRoute,
    body: Bytes,
    overheard: &Overheard,
) -> Result<(), Fault> {
    let call = ChatCall {
        body,
        stream: true,
        traceparent: run.metadata.traceparent.clone(),
    };
    let answer = route.provider.chat(call).await;
    run.on_record.reached().await;
    match answer? {
        ChatAnswer::Stream(frames) => listen(frames, run, overheard).await,
        ChatAnswer::Whole(json) => {
            let told = as_chunk(&json).ok_or(ProviderFailure::Garbled)?;
            take(told.as_bytes(), run, overheard)
        }
    }
}

async fn listen(mut frames: Frames, run: &Carried, overheard: &Overheard) -> Result<(), Fault> {
    loop {
        let finished = with(overheard, |hearing| hearing.is_finished()).unwrap_or(false);
        match frames.next().await {
            Some(Ok(Frame::Data(json))) => take(&json, run, overheard)?,
            // The answer is whole: whatever ends the stream is no matter.
            Some(Ok(Frame::Done) | Err(_)) | None if finished => return Ok(()),
            Some(Err(failure)) => return Err(failure.into()),
            Some(Ok(Frame::Done)) | None => return Err(ProviderFailure::Cut.into()),
        }
    }
}

/// Takes in one chunk.
fn take(json: &[u8], run: &Carried, overheard: &Overheard) -> Result<(), Fault> {
    let text = text_of(json);
    let text = repaired(&text);
    let chunk: Chunk<'_> =
        serde_json::from_str(&text).map_err(|_| Fault::from(ProviderFailure::Garbled))?;
    within_bounds(&text).map_err(|_| Fault::from(ProviderFailure::Garbled))?;
    if chunk.error.is_some() {
        return Err(Fault {
            failure: Failure {
                kind: FailureKind::ProviderError,
                message: "The model provider reported an error in the middle of its answer."
                    .to_owned(),
            },
            may_pass: true,
            too_long: false,
        });
    }
    run.mark_first_token();
    with(overheard, |hearing| hearing.hear(&chunk));
    Ok(())
}

/// An answer that came whole although a stream was asked for, as the one chunk of a stream.
fn as_chunk(json: &[u8]) -> Option<String> {
    let mut whole: Value = serde_json::from_slice(json).ok()?;
    for choice in whole["choices"].as_array_mut()? {
        let mut message = choice["message"].take();
        let calls = message["tool_calls"].as_array_mut();
        for (index, call) in calls.into_iter().flatten().enumerate() {
            call["index"] = index.into();
        }
        choice["delta"] = message;
        choice.as_object_mut()?.remove("message");
    }
    Some(whole.to_string())
}

fn with<T>(overheard: &Overheard, look: impl FnOnce(&mut Hearing) -> T) -> Option<T> {
    let mut hearing = overheard.lock().unwrap_or_else(PoisonError::into_inner);
    hearing.as_mut().map(look)
}

/// Puts another hearing in place of the one that is there.
pub(super) fn replace(overheard: &Overheard, hearing: Option<Hearing>) -> Option<Hearing> {
    let mut place = overheard.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut place, hearing)
}
