use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::IdGenerator;
use jan_domain::response::{Response, ResponseError, Surface};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::attendance::Attendance;
use super::begin::Prepared;
use super::intent::Intent;
use super::plan::{Plan, requested};
use super::{RunError, RunWish};
use crate::{CommandError, Commands};

/// A response that was accepted.
pub struct Accepted {
    /// Its id.
    pub id: ResponseId,
    /// When.
    pub at: DateTime<Utc>,
    /// The items that it brought, with their ids.
    pub input: Vec<Item>,
    /// How its caller attends to it.
    pub attendance: Attendance,
}

/// Accepts a response. Its intent is on record when this answers, and it is under way or waits for a
/// process.
///
/// Once begun, this goes on without its client: a run that is on record and that nobody carries would
/// stay open for as long as this process lives.
pub async fn create_run(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    ids: Arc<dyn IdGenerator>,
    wish: RunWish,
) -> Result<Accepted, RunError> {
    let (commands, caller) = (commands.clone(), caller.clone());
    let (tracker, request) = (commands.tracker.clone(), request.clone());
    let accepting = async move { accept(&commands, &caller, &request, ids, wish).await };
    let accepted = tracker.spawn(accepting.in_current_span()).await;
    accepted.unwrap_or_else(|panicked| Err(RunError::Unavailable(panicked.into())))
}

async fn accept(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    ids: Arc<dyn IdGenerator>,
    wish: RunWish,
) -> Result<Accepted, RunError> {
    let id = ids.response(Surface::Responses);
    if wish.repeatable
        && let Some(before) = made_before(commands, &id).await?
    {
        return Ok(before);
    }
    let route = commands.models.find(&wish.model);
    let route = route.ok_or_else(|| RunError::ModelNotFound(wish.model.clone()))?;
    let place = place_for(commands, &wish)?;
    let metadata = Metadata::of(caller, request);
    let mut plan = Plan::of(commands, caller, (&id, ids.as_ref()), &wish).await?;
    let accepted_at = commands.clock.now();
    let call = requested(commands, caller, (&id, &wish, &plan), (&route, accepted_at));
    let intent = Intent {
        commands,
        metadata: &metadata,
        id: &id,
        at: accepted_at,
        claims: place.is_some() && wish.background,
        keeps: wish.retention.keeps_content(),
    };
    let (loaded, events) = intent.decide(call, plan.conversation.take()).await?;
    let input = plan.input.clone();
    let prepared = Prepared {
        commands: commands.clone(),
        metadata,
        id: id.clone(),
        route,
        wish,
        context: plan.context,
        input: plan.input,
        accepted_at,
    };
    let attendance = prepared.begin((loaded, events), place).await?;
    Ok(Accepted {
        id,
        at: accepted_at,
        input,
        attendance,
    })
}

/// What is known of a request that comes again under its key.
async fn made_before(commands: &Commands, id: &ResponseId) -> Result<Option<Accepted>, RunError> {
    let loaded = commands.responses.load(id.as_str()).await?;
    let (call, attendance) = match loaded.state {
        Response::NotRequested => return Ok(None),
        Response::Closed { call, .. } => (call, Attendance::Before),
        Response::Open(call) => (call, Attendance::Away),
        Response::Deleted { .. } => {
            return Err(CommandError::Refused(ResponseError::NotFound).into());
        }
    };
    let background = call.run.as_ref().is_some_and(|run| run.terms.background);
    if matches!(attendance, Attendance::Away) && !background {
        return Err(RunError::StillRunning);
    }
    Ok(Some(Accepted {
        id: id.clone(),
        at: call.requested_at,
        input: call.run.map(|run| run.terms.input).unwrap_or_default(),
        attendance,
    }))
}

/// A place among the runs of this process. Who waits is refused when there is none; a run in the
/// background waits instead.
fn place_for(
    commands: &Commands,
    wish: &RunWish,
) -> Result<Option<OwnedSemaphorePermit>, RunError> {
    if wish.background {
        let places = Arc::clone(&commands.runner.local.places);
        return Ok(places.try_acquire_owned().ok());
    }
    commands.admit().map(Some).ok_or(RunError::TooBusy)
}
