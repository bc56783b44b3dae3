use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{IdGenerator, ModelRoute};
use jan_domain::response::run::{RunTerms, ServerPlace, ServerTerms, ToolUse};
use jan_domain::response::{
    PlannedStep, RequestedCall, Response, ResponseCommand, ResponseEvent, Surface,
};
use jan_domain::{Caller, Json};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::DropGuard;
use tracing::Instrument;

use super::carried::Carried;
use super::carry::{Burden, carry};
use super::own_tools::own_server;
use super::recorded::ServerKeys;
use super::teller::Teller;
use super::{RunChannel, RunError, RunWish, Signals, StreamEvent, context};
use crate::store::{Loaded, NewEvent};
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
    let attendance = match place {
        Some(place) => prepared.begin(loaded, place),
        None => {
            commands.runner.local.bell.notify_one();
            Attendance::Away
        }
    };
    Ok(Accepted {
        id,
        at: accepted_at,
        input,
        attendance,
    })
}

/// A conversation that changes while a run begins on it is a conversation in use.
fn conflict(error: crate::store::AppendError) -> RunError {
    match error {
        crate::store::AppendError::Conflict => {
            CommandError::Refused(jan_domain::conversation::ConversationError::Locked).into()
        }
        other => CommandError::<jan_domain::response::ResponseError>::from(other).into(),
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
            let gone = jan_domain::response::ResponseError::NotFound;
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

/// What a run needs beside its wish.
struct Plan {
    conversation: Option<Loaded<Conversation>>,
    context: Vec<Item>,
    input: Vec<Item>,
    approved: Vec<ToolUse>,
    servers: Vec<ServerTerms>,
}

impl Plan {
    async fn of(
        commands: &Commands,
        caller: &Caller,
        (id, ids): (&ResponseId, &dyn IdGenerator),
        wish: &RunWish,
    ) -> Result<Self, RunError> {
        let (conversation, live) = match &wish.conversation {
            Some(id) => {
                let (loaded, live) = context::open_conversation(commands, caller, id).await?;
                (Some(loaded), Some(live))
            }
            None => (None, None),
        };
        let owner = &caller.owner;
        let previous = wish.previous.as_ref();
        let mut context = context::history(commands, owner, previous, live.as_ref()).await?;
        context.extend(wish.remembered.iter().cloned());
        let input = wish.input.clone();
        let input = context::resolve(commands, caller, &context, input).await?;
        context.extend(input.iter().cloned());
        context::check_calls(&context)?;
        let item_ids = super::item_ids::StepItemIds::new(id, u32::MAX);
        let approved = context::approved(&context, &input, &wish.servers, &item_ids)?;
        Ok(Self {
            servers: server_terms((commands, caller), wish, ids),
            conversation,
            context,
            input,
            approved,
        })
    }
}

fn server_terms(
    (commands, caller): (&Commands, &Caller),
    wish: &RunWish,
    ids: &dyn IdGenerator,
) -> Vec<ServerTerms> {
    let named = wish.servers.iter().map(|server| ServerTerms {
        label: server.label.clone(),
        place: ServerPlace::Remote(server.url.clone()),
        item: Some(ids.item("mcpl_")),
        allowed: server.allowed.clone(),
        read_only: server.read_only,
        approval: server.approval.clone(),
    });
    let wants_own = wish.request.own_tools || !wish.request.builtins.is_empty();
    let own = wants_own.then(|| own_server(commands, caller));
    named.chain(own).collect()
}

fn requested(
    commands: &Commands,
    caller: &Caller,
    (id, wish, plan): (&ResponseId, &RunWish, &Plan),
    (route, at): (&ModelRoute, DateTime<Utc>),
) -> RequestedCall {
    let limits = &commands.runner.limits;
    let longest = TimeDelta::from_std(limits.duration_max).unwrap_or(TimeDelta::MAX);
    let (provider, model) = (&route.provider_name, &route.upstream_model);
    RequestedCall {
        owner: caller.owner.clone(),
        surface: Surface::Responses,
        model: wish.model.clone(),
        request: Json::of(&wish.request),
        stream: wish.stream,
        retention: wish.retention,
        conversation: wish.conversation.clone(),
        metadata: wish.metadata.clone(),
        node: commands.node.clone(),
        step: PlannedStep::inference(id, 0, provider, model, b""),
        run: Some(Box::new(RunTerms {
            background: wish.background,
            previous_response: wish.previous.clone(),
            input: plan.input.clone(),
            servers: plan.servers.clone(),
            approved: plan.approved.clone(),
            tools_only: false,
            tool_depth_max: limits.tool_depth_max,
            tool_calls_max: wish.tool_calls_max,
            deadline: at + longest,
        })),
    }
}

/// How a run begins.
struct Beginning<'c> {
    commands: &'c Commands,
    metadata: &'c Metadata,
    id: &'c ResponseId,
    at: DateTime<Utc>,
    /// Whether this process takes the run up at once.
    claims: bool,
    /// Whether what was said is kept.
    keeps: bool,
}

impl Beginning<'_> {
    /// Decides the request, the claim if there is one, and that the conversation is in use from now
    /// on: all of them or none.
    async fn decide(
        &self,
        call: RequestedCall,
        conversation: Option<Loaded<Conversation>>,
    ) -> Result<(Loaded<Response>, Vec<NewEvent>), RunError> {
        let mut loaded = Loaded::new(self.id.as_str());
        let request = ResponseCommand::Request {
            call: Box::new(call),
            at: self.at,
        };
        let claim = ResponseCommand::Claim {
            node: self.commands.node.clone(),
            epoch: 1,
            at: self.at,
        };
        let log = self.commands.responses.log();
        let keeps = self.keeps;
        let mut events = Vec::new();
        for command in std::iter::once(request).chain(self.claims.then_some(claim)) {
            let kept = |event: ResponseEvent| {
                if keeps {
                    event
                } else {
                    event.without_content()
                }
            };
            let decided = loaded
                .decide_keeping(command, self.metadata, log, kept)
                .await;
            events.extend(decided.map_err(CommandError::Refused)?);
        }
        if let Some(mut conversation) = conversation {
            let begin = ConversationCommand::BeginRun {
                response: self.id.clone(),
                at: self.at,
            };
            let decided = conversation.decide(begin, self.metadata, log).await;
            events.extend(decided.map_err(CommandError::Refused)?);
        }
        Ok((loaded, events))
    }
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
            route: Some(self.route),
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

fn owner_of(loaded: &Loaded<Response>) -> jan_domain::Owner {
    loaded
        .state
        .owner()
        .cloned()
        .expect("a run that was requested has an owner")
}
