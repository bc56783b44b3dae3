use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use jan_domain::id::ResponseId;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{IdGenerator, ToolFailure};
use jan_domain::response::run::{RunTerms, StepFailure, StepOutcome, ToolReturn, ToolUse, UseKind};
use jan_domain::response::{
    EffectClass, PlannedStep, RequestedCall, Response, ResponseCommand, ResponseError, Retention,
    Surface,
};
use jan_domain::{Caller, Json, UserMetadata};
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::DropGuard;
use tracing::Instrument;

use super::begin::Holding;
use super::carried::Carried;
use super::carry::{Burden, carry};
use super::catalogue::OWN_LABEL;
use super::on_record::OnRecord;
use super::own_tools::{list_own_tools, own_tool};
use super::recorded::{RecordedRequest, ServerKeys};
use super::teller::Teller;
use super::{RunChannel, RunError, Signals};
use crate::store::Loaded;
use crate::{CommandError, Commands};

/// A call that a client makes itself.
#[derive(Debug, Clone)]
pub struct DirectCall {
    /// The tool's name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

/// Why a tool gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum DirectCallError {
    /// Nobody offers it, or not to this caller.
    #[error("there is no tool '{0}'")]
    UnknownTool(String),
    /// The caller has as many calls under way as it may.
    #[error("you have as many tool calls under way as you may")]
    TooManyCalls,
    /// It is not known which tools there are.
    #[error(transparent)]
    Tools(#[from] ToolFailure),
    /// The call gave nothing; it may have happened.
    #[error("{}", .0.message)]
    Failed(StepFailure),
    /// The call was stopped; it may have happened.
    #[error("the call was stopped before it had an outcome")]
    Stopped,
    /// It could not be begun.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Calls one of the deployment's own tools: a run of its own, on record like any other, that asks no
/// model. Dropping the future stops the call.
pub async fn call_tool_directly(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    ids: Arc<dyn IdGenerator>,
    call: DirectCall,
) -> Result<ToolReturn, DirectCallError> {
    let runner = &commands.runner;
    let own_place = runner.direct_calls.take(&caller.owner);
    let _own_place = own_place.ok_or(DirectCallError::TooManyCalls)?;
    let place = commands.admit().ok_or(RunError::TooBusy)?;
    let offers = list_own_tools(commands, caller).await?;
    let offer = offers.into_iter().find(|offer| offer.name == call.tool);
    let offer = offer.ok_or_else(|| DirectCallError::UnknownTool(call.tool.clone()))?;
    let beginning = Beginning {
        commands: commands.clone(),
        caller: caller.clone(),
        metadata: Metadata::of(caller, request),
        id: ids.response(Surface::Mcp),
        used: used(ids.as_ref(), call, offer.effect),
    };
    // Once begun, this goes on without its client, whose leaving then stops the run.
    let begun = commands
        .tracker
        .spawn(beginning.begin(place).in_current_span());
    let begun = begun
        .await
        .unwrap_or_else(|panicked| Err(RunError::Unavailable(panicked.into())));
    let Begun { id, channel, guard } = begun?;
    let mut told = channel.read(0);
    while told.next().await.is_some() {}
    drop(guard);
    outcome(commands, &id).await
}

fn used(ids: &dyn IdGenerator, call: DirectCall, effect: EffectClass) -> ToolUse {
    let item = ids.item(UseKind::Mcp.id_prefix());
    ToolUse {
        call_id: item.to_string(),
        item,
        offered: call.tool.clone(),
        server: OWN_LABEL.to_owned(),
        tool: call.tool,
        arguments: Value::Object(call.arguments).to_string(),
        effect,
        kind: UseKind::Mcp,
        approved_by: None,
    }
}

/// The record is the answer: nothing is told that is not in it.
async fn outcome(commands: &Commands, id: &ResponseId) -> Result<ToolReturn, DirectCallError> {
    let loaded = commands.responses.load(id.as_str()).await;
    let loaded = loaded.map_err(RunError::Command)?;
    let steps = loaded.state.progress().map(|run| run.steps.as_slice());
    match steps
        .and_then(<[_]>::first)
        .and_then(|step| step.outcome.clone())
    {
        Some(StepOutcome::Returned(told)) => Ok(told),
        Some(StepOutcome::Failed(failure)) => Err(DirectCallError::Failed(failure)),
        _ => Err(DirectCallError::Stopped),
    }
}

/// A call about to be on record.
struct Beginning {
    commands: Commands,
    caller: Caller,
    metadata: Metadata,
    id: ResponseId,
    used: ToolUse,
}

/// A call under way.
struct Begun {
    id: ResponseId,
    channel: Arc<RunChannel>,
    /// Dropped before the end, it stops the call.
    guard: DropGuard,
}

impl Beginning {
    async fn begin(self, place: OwnedSemaphorePermit) -> Result<Begun, RunError> {
        let commands = &self.commands;
        let at = commands.clock.now();
        let mut loaded = Loaded::new(self.id.as_str());
        let command = ResponseCommand::Request {
            call: Box::new(self.requested(at)),
            at,
        };
        let log = commands.responses.log();
        let decided = loaded.decide(command, &self.metadata, log).await;
        let events = decided.map_err(CommandError::Refused)?;
        commands.crash.pass("run.before_intent");
        let holding = Holding::of(commands, &self.id);
        let submitted = log.submit(events).await.await;
        submitted.map_err(CommandError::<ResponseError>::from)?;
        commands.crash.pass("run.after_intent");
        let begun = self.carried(loaded, at, place);
        drop(holding);
        Ok(begun)
    }

    /// Stands where other calls name their model: usage is counted by it.
    fn name(&self) -> String {
        format!("{OWN_LABEL}/{}", self.used.tool)
    }

    fn requested(&self, at: DateTime<Utc>) -> RequestedCall {
        let limits = &self.commands.runner.limits;
        let longest = TimeDelta::from_std(limits.duration_max).unwrap_or(TimeDelta::MAX);
        RequestedCall {
            owner: self.caller.owner.clone(),
            surface: Surface::Mcp,
            model: self.name(),
            request: Json::of(&RecordedRequest::default()),
            stream: false,
            retention: Retention::Recorded,
            conversation: None,
            metadata: UserMetadata::default(),
            node: self.commands.node.clone(),
            // Nobody is asked; the ids of all steps follow from this one's.
            step: PlannedStep::inference(&self.id, 0, OWN_LABEL, "", b""),
            run: Some(Box::new(RunTerms {
                background: false,
                previous_response: None,
                input: Vec::new(),
                servers: vec![own_tool(&self.used.tool)],
                approved: vec![self.used.clone()],
                tools_only: true,
                tool_depth_max: limits.tool_depth_max,
                tool_calls_max: Some(1),
                deadline: at + longest,
            })),
        }
    }

    fn carried(
        self,
        loaded: Loaded<Response>,
        requested_at: DateTime<Utc>,
        place: OwnedSemaphorePermit,
    ) -> Begun {
        let channel = Arc::new(RunChannel::beginning_with(Vec::new()));
        let signals = Signals {
            handing_over: self.commands.runner.local.handing_over.clone(),
            ..Signals::default()
        };
        let guard = signals.client_left.clone().drop_guard();
        let model = self.name();
        let run = Carried {
            commands: self.commands,
            id: self.id.clone(),
            owner: self.caller.owner,
            metadata: self.metadata,
            model,
            route: None,
            request: RecordedRequest::default(),
            context: Vec::new(),
            input: Vec::new(),
            conversation: None,
            keys: ServerKeys::default(),
            keeps_content: true,
            background: false,
            epoch: 0,
            requested_at,
            teller: Teller::passing(Arc::clone(&channel)),
            on_record: OnRecord::already(),
            first_token_at: OnceLock::new(),
        };
        carry(Burden {
            run,
            loaded,
            channel: Arc::clone(&channel),
            bell: None,
            signals,
            place,
        });
        Begun {
            id: self.id,
            channel,
            guard,
        }
    }
}
