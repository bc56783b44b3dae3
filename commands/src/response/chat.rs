use std::sync::Arc;

use futures::FutureExt;
use jan_domain::Caller;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{ChatAnswer, ChatCall, IdGenerator, ModelRoute, ProviderFailure};
use jan_domain::response::{PlannedStep, RequestedCall, ResponseError, Surface};

use super::attempt::{Attempt, Known};
use super::continuation::Continuation;
use super::open_run::{Beginning, OpenRun};
use super::reply::failed;
use super::{ChatError, ChatReply, ChatRun, ChatWish, prompt, relay, whole};
use crate::{CommandError, Commands};

/// Asks a model. The call is planned on record while the connection to the provider opens; this
/// resolves when the plan is durable and the provider has said whether it will answer.
pub async fn start_chat(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    ids: Arc<dyn IdGenerator>,
    wish: ChatWish,
) -> Result<ChatRun, ChatError> {
    let attempt = match Attempt::find(commands, &wish, ids.as_ref()).await? {
        Known::New(attempt) => attempt,
        Known::Made(run) => return Ok(run),
    };
    let route = commands.models.find(&wish.model);
    let route = route.ok_or_else(|| ChatError::ModelNotFound(wish.model.clone()))?;
    let permit = commands.admit().ok_or(ChatError::TooBusy)?;
    let (media, owner) = (&commands.media, &caller.owner);
    let references = prompt::references(&wish.messages);
    media.check_references(owner, references).await?;
    let metadata = Metadata::of(caller, request);
    let named = (ids.as_ref(), attempt.conversation.as_ref());
    let opened = Continuation::open(commands, caller, &wish, named, &metadata).await?;
    let (continuation, begun) =
        opened.map_or((None, Vec::new()), |(known, begun)| (Some(known), begun));
    let history = continuation
        .as_ref()
        .map(Continuation::history)
        .unwrap_or_default();
    let body = prompt::provider_body(&wish, &route.upstream_model, history);
    let call = requested(commands, caller, &wish, &attempt, (&route, &body));
    let body = media.show(owner, body).await.map_err(ChatError::Media)?;
    let beginning = Beginning {
        commands: commands.clone(),
        id: attempt.id.clone(),
        ids,
        metadata,
        call,
        continuation,
        permit,
    };
    let mut run = OpenRun::begin(beginning, begun).await?;
    let call = ChatCall {
        body,
        stream: wish.delivery.is_stream(),
        traceparent: request.traceparent.clone(),
    };
    let reply = match ask(&mut run, &route, call).await? {
        Ok(ChatAnswer::Whole(json)) => whole::reply(run, &wish, &json).await?,
        Ok(ChatAnswer::Stream(frames)) if wish.delivery.is_stream() => {
            ChatReply::Stream(relay::relay(run, frames, &wish))
        }
        Ok(ChatAnswer::Stream(_)) => return Err(failed(run, ProviderFailure::Garbled).await),
        Err(failure) => return Err(failed(run, failure).await),
    };
    Ok(attempt.run(reply))
}

fn requested(
    commands: &Commands,
    caller: &Caller,
    wish: &ChatWish,
    attempt: &Attempt,
    (route, body): (&ModelRoute, &[u8]),
) -> RequestedCall {
    let (provider, model) = (&route.provider_name, &route.upstream_model);
    RequestedCall {
        owner: caller.owner.clone(),
        surface: Surface::ChatCompletions,
        model: wish.model.clone(),
        request: prompt::recorded_request(wish),
        stream: wish.delivery.is_stream(),
        retention: wish.retention,
        conversation: attempt.conversation.clone(),
        metadata: wish.metadata.clone(),
        node: commands.node.clone(),
        step: PlannedStep::inference(&attempt.id, 0, provider, model, body),
        run: None,
    }
}

/// Opens the connection while the plan is being made durable, and waits for both. A plan that
/// cannot be recorded ends the attempt at once.
async fn ask(
    run: &mut OpenRun,
    route: &ModelRoute,
    call: ChatCall,
) -> Result<Result<ChatAnswer, ProviderFailure>, CommandError<ResponseError>> {
    let deadline = run.run().deadline;
    let answer = tokio::time::timeout_at(deadline, route.provider.chat(call));
    let answer = answer.map(|answer| answer.unwrap_or(Err(ProviderFailure::Stalled)));
    tokio::pin!(answer);
    let early = tokio::select! {
        biased;
        recorded = run.recorded() => { recorded?; None }
        answer = &mut answer => Some(answer),
    };
    match early {
        Some(answer) => {
            run.recorded().await?;
            Ok(answer)
        }
        None => Ok(answer.await),
    }
}
