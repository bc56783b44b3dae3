use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use jan_domain::conversation::ConversationError;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{IdGenerator, ModelRoute};
use jan_domain::response::{Response, ResponseError, Surface};
use jan_domain::{Caller, Owner};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::DropGuard;
use tracing::Instrument;

use super::beginning::Beginning;
use super::carried::Carried;
use super::carry::{Burden, carry};
use super::plan::{Plan, requested};
use super::recorded::ServerKeys;
use super::teller::Teller;
use super::{RunChannel, RunError, RunWish, Signals, StreamEvent};
use crate::store::{AppendError, Loaded};
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

/// How a caller attends to a response.
pub enum Attendance {
    /// It waits: the response is made for as long as this is held.
    Waiting {
        /// What is told.
        channel: Arc<RunChannel>,
        /// Dropped without an end, it stops the run.
        guard: DropGuard,
    },
    /// The response is made without it; [`follow`](super::follow) reads what is told.
    Away,
    /// It was asked for before, under the same key, and has ended.
    Before,
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
    let beginning = Beginning {
        commands,
        metadata: &metadata,
        id: &id,
        at: accepted_at,
        claims: place.is_some() && wish.background,
        keeps: wish.retention.keeps_content(),
    };
    let (loaded, events) = beginning.decide(call, plan.conversation.take()).await?;
    let input = plan.input.clone();
    let prepared = Prepared {
        commands,
        metadata,
        id: id.clone(),
        route,
        wish,
        plan,
        accepted_at,
    };
    prepared.keep_what_is_beside().await?;
    commands.crash.pass("run.before_intent");
    commands
        .responses
        .log()
        .submit(events)
        .await
        .await
        .map_err(conflict)?;
    commands.crash.pass("run.after_intent");
    let attendance = if let Some(place) = place {
        prepared.begin(loaded, place)
    } else {
        commands.runner.local.bell.notify_one();
        Attendance::Away
    };
    Ok(Accepted {
        id,
        at: accepted_at,
        input,
        attendance,
    })
}

/// A conversation that changes while a run begins on it is a conversation in use.
fn conflict(error: AppendError) -> RunError {
    match error {
        AppendError::Conflict => CommandError::Refused(ConversationError::Locked).into(),
        other => CommandError::<ResponseError>::from(other).into(),
    }
}

/// What is known of a request that comes again under its key.
async fn made_before(commands: &Commands, id: &ResponseId) -> Result<Option<Accepted>, RunError> {
    let loaded = commands.responses.load(id.as_str()).await?;
    let (call, attendance) = match loaded.state {
        Response::NotRequested => return Ok(None),
        Response::Closed { call, .. } => (call, Attendance::Before),
        Response::Open(call) => (call, Attendance::Away),
        Response::Deleted { .. } => {
            let gone = ResponseError::NotFound;
            return Err(CommandError::Refused(gone).into());
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

/// Everything of a run but its place.
struct Prepared<'c> {
    commands: &'c Commands,
    metadata: Metadata,
    id: ResponseId,
    route: ModelRoute,
    wish: RunWish,
    plan: Plan,
    accepted_at: DateTime<Utc>,
}

impl Prepared<'_> {
    /// What is not in the stream, and must be there before anyone carries the run: the keys of its
    /// servers, and the beginning of what it tells.
    async fn keep_what_is_beside(&self) -> Result<(), RunError> {
        if !self.wish.background {
            return Ok(());
        }
        let runner = &self.commands.runner;
        let keys = self.keys();
        if !keys.is_empty() {
            runner.secrets.keep(&self.id, &keys).await?;
        }
        let told = first_told().map(Arc::new);
        runner.stream_log.append(&self.id, 0, 0, &told).await?;
        Ok(())
    }

    fn keys(&self) -> ServerKeys {
        let servers = self.wish.servers.iter();
        let keys = servers.map(|server| (server.label.clone(), server.key.clone()));
        ServerKeys(keys.collect::<BTreeMap<_, _>>())
    }

    fn begin(self, loaded: Loaded<Response>, place: OwnedSemaphorePermit) -> Attendance {
        let background = self.wish.background;
        let told = if background {
            first_told().to_vec()
        } else {
            Vec::new()
        };
        let channel = Arc::new(RunChannel::beginning_with(told.clone()));
        let bell = background.then(Arc::<Notify>::default);
        let teller = match &bell {
            Some(bell) => Teller::kept(Arc::clone(&channel), &told, Arc::clone(bell)),
            None => Teller::passing(Arc::clone(&channel)),
        };
        if !background {
            teller.tell(StreamEvent::Created);
        }
        let signals = Signals {
            handing_over: self.commands.runner.local.handing_over.clone(),
            ..Signals::default()
        };
        let guard = signals.client_left.clone().drop_guard();
        let epoch = loaded.state.progress().map_or(0, |run| run.epoch);
        let keys = self.keys();
        let run = Carried {
            commands: self.commands.clone(),
            id: self.id,
            owner: owner_of(&loaded),
            metadata: self.metadata,
            model: self.wish.model,
            route: self.route,
            request: self.wish.request,
            context: self.plan.context,
            input: self.plan.input,
            conversation: self.wish.conversation,
            keys,
            keeps_content: self.wish.retention.keeps_content(),
            background,
            epoch,
            requested_at: self.accepted_at,
            teller,
            first_token_at: OnceLock::new(),
        };
        carry(Burden {
            run,
            loaded,
            channel: Arc::clone(&channel),
            bell,
            signals,
            place,
        });
        if background {
            guard.disarm();
            return Attendance::Away;
        }
        Attendance::Waiting { channel, guard }
    }
}

fn first_told() -> [StreamEvent; 2] {
    [StreamEvent::Created, StreamEvent::Queued]
}

fn owner_of(loaded: &Loaded<Response>) -> Owner {
    loaded
        .state
        .owner()
        .cloned()
        .expect("a run that was requested has an owner")
}
