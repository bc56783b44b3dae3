use chrono::{DateTime, TimeDelta, Utc};
use jan_domain::conversation::Conversation;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::ports::{IdGenerator, ModelRoute};
use jan_domain::response::run::{RunTerms, ServerPlace, ServerTerms, ToolUse};
use jan_domain::response::{PlannedStep, RequestedCall, Surface};
use jan_domain::{Caller, Json};

use super::item_ids::StepItemIds;
use super::own_tools::own_server;
use super::{RunError, RunWish, context};
use crate::Commands;
use crate::store::Loaded;

/// What a run needs beside its wish.
pub(super) struct Plan {
    pub(super) conversation: Option<Loaded<Conversation>>,
    pub(super) context: Vec<Item>,
    pub(super) input: Vec<Item>,
    approved: Vec<ToolUse>,
    servers: Vec<ServerTerms>,
}

impl Plan {
    pub(super) async fn of(
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
        context::check_media(commands, owner, &input).await?;
        context.extend(input.iter().cloned());
        context::check_calls(&context)?;
        let item_ids = StepItemIds::new(id, u32::MAX);
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

/// The request as it is recorded.
pub(super) fn requested(
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
