//! Taking up runs that wait for a process, or have lost theirs.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jan_domain::conversation::Conversation;
use jan_domain::id::{NodeId, ResponseId};
use jan_domain::metadata::Metadata;
use jan_domain::ports::UnattendedRuns;
use jan_domain::response::{
    Failure, FailureKind, OpenResponse, Response, ResponseCommand, ResponseError,
};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::carried::Carried;
use super::carry::{Burden, carry};
use super::on_record::OnRecord;
use super::recorded::RecordedRequest;
use super::teller::Teller;
use super::{RunChannel, RunError, Signals, close, context};
use crate::runner::{endings, living};
use crate::store::Loaded;
use crate::{CommandError, Commands};

/// Runs looked at in one look.
const LOOK_MOST: u32 = 200;
/// Times a run is taken up before it is given up for good.
const ATTEMPTS_MAX: u32 = 50;
/// Time between two looks when nobody rings.
const PAUSE: Duration = Duration::from_secs(1);
/// Time between two looks whether a run that is carried here was ended elsewhere.
const GLANCE: Duration = Duration::from_millis(250);
/// Time between two looks for keys of runs that have ended.
const KEYS_SWEEP: Duration = Duration::from_secs(5);

/// Takes up runs, and lets go of those that were ended or taken up elsewhere, until told to stop.
pub async fn keep_taking_up(
    commands: Commands,
    unattended: Arc<dyn UnattendedRuns>,
    stop: CancellationToken,
) {
    let glancing = stop.run_until_cancelled(keep_glancing(&commands));
    let looking = keep_looking(&commands, unattended.as_ref(), &stop);
    futures::join!(glancing, looking);
}

/// Lets go, soon, of runs that were ended or taken up elsewhere.
async fn keep_glancing(commands: &Commands) {
    loop {
        if let Err(error) = glance(commands).await {
            tracing::warn!(error = %error, "could not look for runs that were ended elsewhere");
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn keep_looking(
    commands: &Commands,
    unattended: &dyn UnattendedRuns,
    stop: &CancellationToken,
) {
    let mut keys_swept = Instant::now();
    while !stop.is_cancelled() && !commands.runner.local.handing_over.is_cancelled() {
        if let Err(error) = look(commands, unattended).await {
            tracing::warn!(error = %error, "could not look for runs to take up");
        }
        if keys_swept.elapsed() >= KEYS_SWEEP {
            keys_swept = Instant::now();
            if let Err(error) = commands.runner.secrets.sweep().await {
                tracing::warn!(error = %error, "the keys of ended runs could not be swept");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = commands.runner.local.bell.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn glance(commands: &Commands) -> Result<(), RunError> {
    let runner = &commands.runner;
    let carried = runner.local.ids();
    if carried.is_empty() {
        return Ok(());
    }
    for id in endings::lost_of(&runner.pool, &carried, &commands.node).await? {
        if let Some(local) = runner.local.find(&id) {
            local.signals.ended_elsewhere.cancel();
        }
    }
    Ok(())
}

async fn look(commands: &Commands, unattended: &dyn UnattendedRuns) -> Result<(), RunError> {
    let runner = &commands.runner;
    let mut others = living(&runner.pool).await?;
    others.retain(|node| *node != commands.node);
    let held = runner.local.held();
    let found = unattended.unattended(&others, &held, LOOK_MOST).await;
    let found = found.map_err(|error| RunError::Unavailable(error.into()))?;
    for id in found {
        // A run of this process that it does not hold is one it has lost on the way: the database
        // was away when it should have been claimed, carried on or ended.
        if runner.local.holds(&id) {
            continue;
        }
        match take_up(commands, &others, &id).await {
            Ok(true) => {}
            // There is no place for more.
            Ok(false) => break,
            Err(error) => {
                tracing::error!(response.id = %id, error = %error, "a run could not be taken up");
            }
        }
    }
    Ok(())
}

/// Takes up a run if no other living process carries it; answers whether there may be a place for more.
async fn take_up(
    commands: &Commands,
    others: &[NodeId],
    id: &ResponseId,
) -> Result<bool, RunError> {
    let loaded = commands.responses.load(id.as_str()).await?;
    let Response::Open(call) = &loaded.state else {
        return Ok(true);
    };
    let Some(run) = &call.run else {
        return Ok(true);
    };
    if run.node.as_ref().is_some_and(|node| others.contains(node)) {
        return Ok(true);
    }
    if !run.terms.background {
        let message = "The server stopped before the answer was complete.";
        return fail(commands, id, FailureKind::NodeLost, message).await;
    }
    if run.epoch >= ATTEMPTS_MAX {
        let message = "The server stopped again and again before the answer was complete.";
        return fail(commands, id, FailureKind::TooManyAttempts, message).await;
    }
    let places = Arc::clone(&commands.runner.local.places);
    let Ok(place) = places.try_acquire_owned() else {
        return Ok(false);
    };
    let metadata = Metadata::of_system(&call.owner, "runner");
    let claim = ResponseCommand::Claim {
        node: commands.node.clone(),
        epoch: run.epoch + 1,
        at: commands.clock.now(),
    };
    let claimed = commands
        .responses
        .execute_on(loaded, claim, &metadata)
        .await;
    match claimed {
        Ok(executed) => {
            commands.crash.pass("run.after_claim");
            go_on(commands, id, (executed.after, metadata), place).await?;
            Ok(true)
        }
        // Somebody else was quicker.
        Err(CommandError::Conflict | CommandError::Refused(ResponseError::AlreadyClosed)) => {
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

async fn fail(
    commands: &Commands,
    id: &ResponseId,
    kind: FailureKind,
    message: &str,
) -> Result<bool, RunError> {
    let failure = Failure {
        kind,
        message: message.to_owned(),
    };
    close::fail(commands, id, failure).await?;
    tracing::warn!(response.id = %id, "closed a run whose process is gone");
    Ok(true)
}

/// Goes on with a run from where its stream stands.
async fn go_on(
    commands: &Commands,
    id: &ResponseId,
    (loaded, metadata): (Loaded<Response>, Metadata),
    place: OwnedSemaphorePermit,
) -> Result<(), RunError> {
    let Response::Open(call) = &loaded.state else {
        return Ok(());
    };
    let call = call.clone();
    let epoch = loaded.state.progress().map_or(0, |run| run.epoch);
    let told = commands.runner.stream_log.take_over(id, epoch).await?;
    let channel = Arc::new(RunChannel::beginning_with(told.clone()));
    let bell = Arc::<Notify>::default();
    let teller = Teller::kept(Arc::clone(&channel), &told, Arc::clone(&bell));
    let carried = match again(commands, id, (&call, metadata), teller).await {
        Ok(carried) => carried,
        Err(RunError::ModelNotFound(_)) => {
            let message = "The model is not on offer any more.";
            fail(commands, id, FailureKind::ProviderRejected, message).await?;
            return Ok(());
        }
        Err(RunError::PreviousNotFound(_) | RunError::PreviousUnanswered(_)) => {
            let message = "The response that was to be continued is not there any more.";
            fail(commands, id, FailureKind::Internal, message).await?;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    carry(Burden {
        run: carried,
        loaded,
        channel,
        bell: Some(bell),
        signals: Signals {
            handing_over: commands.runner.local.handing_over.clone(),
            ..Signals::default()
        },
        place,
    });
    Ok(())
}

/// A run as its stream tells it, ready to be carried.
async fn again(
    commands: &Commands,
    id: &ResponseId,
    (call, metadata): (&OpenResponse, Metadata),
    teller: Teller,
) -> Result<Carried, RunError> {
    let run = call.run.as_ref().expect("a run has progress");
    let route = commands.models.find(&call.model);
    let route = route.ok_or_else(|| RunError::ModelNotFound(call.model.clone()))?;
    let conversation = match &run.conversation {
        Some(id) => match commands.conversations.load(id.as_str()).await?.state {
            Conversation::Live(live) => Some(live),
            _ => None,
        },
        None => None,
    };
    let previous = run.terms.previous_response.as_ref();
    let history = context::history(commands, &call.owner, previous, conversation.as_ref());
    let mut context = history.await?;
    context.extend(run.terms.input.iter().cloned());
    Ok(Carried {
        commands: commands.clone(),
        id: id.clone(),
        owner: call.owner.clone(),
        metadata,
        model: call.model.clone(),
        route: Some(route),
        request: RecordedRequest::read(&run.request),
        context,
        input: run.terms.input.clone(),
        conversation: run.conversation.clone(),
        keys: commands.runner.secrets.find(id).await?,
        keeps_content: call.retention.keeps_content(),
        background: run.terms.background,
        epoch: run.epoch,
        requested_at: call.requested_at,
        teller,
        on_record: OnRecord::already(),
        first_token_at: OnceLock::new(),
    })
}
