use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{IdGenerator, ModelRoute};
use jan_domain::response::run::{ApprovalRule, RunTerms, ServerPlace, ServerTerms, ToolUse};
use jan_domain::response::{
    PlannedStep, RequestedCall, Response, ResponseCommand, ResponseEvent, Surface,
};
use jan_domain::{Caller, Json};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::DropGuard;
use tracing::Instrument;

use super::begin::Prepared;
use super::catalogue::OWN_LABEL;
use super::{RunChannel, RunError, RunWish, context};
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
            servers: server_terms(wish, ids),
            conversation,
            context,
            input,
            approved,
        })
    }
}

fn server_terms(wish: &RunWish, ids: &dyn IdGenerator) -> Vec<ServerTerms> {
    let named = wish.servers.iter().map(|server| ServerTerms {
        label: server.label.clone(),
        place: ServerPlace::Remote(server.url.clone()),
        item: Some(ids.item("mcpl_")),
        allowed: server.allowed.clone(),
        read_only: server.read_only,
        approval: server.approval.clone(),
    });
    let wants_own = wish.request.own_tools || !wish.request.builtins.is_empty();
    let own = wants_own.then(|| ServerTerms {
        label: OWN_LABEL.to_owned(),
        place: ServerPlace::Own,
        item: None,
        allowed: None,
        read_only: false,
        approval: ApprovalRule::Never,
    });
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
