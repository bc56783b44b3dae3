//! Making a response again, beside the one on record.

use std::collections::BTreeSet;

use jan_commands::conversation::{Extent, NewFork, conversation_as_of, fork_conversation};
use jan_commands::run::{InputItem, RunWish, requested_in, response_as_of};
use jan_commands::store::{Moment, Past};
use jan_domain::Caller;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::response::run::{ListedTool, Progress, ServerPlace, StepOutcome, Work};
use jan_domain::response::{EffectClass, RequestedCall, Response, ResponseError};
use serde_json::{Value, json};

use super::comparison::compare;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::responses::again::{self, Answered};
use crate::state::ApiState;

/// How a response is made again.
pub(crate) struct Terms {
    pub(crate) model: Option<String>,
    /// Whether tools that change something may be called.
    pub(crate) unsafe_tools: bool,
}

type Asking<'a> = (&'a ApiState, &'a Caller, &'a RequestContext);

/// Makes a response again, and compares what comes of it with the record.
pub(crate) async fn execute(
    (state, caller, context): Asking<'_>,
    (id, told): (&ResponseId, &Past<Response>),
    terms: Terms,
) -> Result<Value, ApiError> {
    let call = requested_in(told).ok_or(ResponseError::NotFound)?;
    let like = (Some(id), terms.model);
    let mut wish = again::wish(state, caller, context, like).await?;
    if let Some(run) = told.then.state.progress().filter(|_| !terms.unsafe_tools) {
        keep_safe(run, &mut wish)?;
    }
    if state.commands.models.find(&wish.model).is_none() {
        return Err(ApiError::model_not_found(&wish.model));
    }
    let run = call.run.as_deref();
    let input = run.map(|run| run.input.clone()).unwrap_or_default();
    wish.input = input.into_iter().map(InputItem::Item).collect();
    wish.previous = run.and_then(|run| run.previous_response.clone());
    wish.conversation = fork((state, caller, context), call, told).await?;
    let fork = wish.conversation.clone();
    let Answered::Whole(made) = again::ask(state, caller, context, wish).await? else {
        return Err(ApiError::panicked());
    };
    let second = response_as_of(&state.commands, caller, &made.id, Moment::Head).await?;
    let compared = compare((id, told), (&made.id, &second));
    let mut compared = compared.ok_or(ResponseError::NotFound)?;
    compared["response"] = made.object;
    compared["fork"] = json!(fork);
    Ok(compared)
}

/// A fork of the response's conversation as it stood when the response was asked for, also when that
/// was deleted since.
async fn fork(
    (state, caller, context): Asking<'_>,
    call: &RequestedCall,
    told: &Past<Response>,
) -> Result<Option<ConversationId>, ApiError> {
    let Some(from) = &call.conversation else {
        return Ok(None);
    };
    let began = told.events.first().map_or(0, |(record, _)| record.position);
    let commands = &state.commands;
    let original = conversation_as_of(commands, caller, from, Moment::Position(began)).await;
    let original = original.map_err(|error| ApiError::from(error).or_at("conversation"))?;
    let new = NewFork {
        id: context.ids.conversation(),
        extent: Extent::All,
        title: None,
        metadata: None,
    };
    let id = new.id.clone();
    fork_conversation(commands, caller, &context.request, (from, &original), new).await?;
    Ok(Some(id))
}

/// Refuses to make again what changed something, and leaves out the tools that could. A tool that is
/// harmless to call again under its own key is not among them: a new response has new keys.
fn keep_safe(run: &Progress, wish: &mut RunWish) -> Result<(), ApiError> {
    let changes = |effect: EffectClass| effect != EffectClass::Pure;
    let called = run.uses().filter(|(used, _)| changes(used.effect));
    let mut refused: BTreeSet<&str> = called.map(|(used, _)| used.tool.as_str()).collect();
    for server in &mut wish.servers {
        let listed = listed(run).filter(|(label, _)| *label == server.label);
        let safe = listed.flat_map(|(_, tools)| tools.iter().filter(|tool| !changes(tool.effect)));
        let before = server.allowed.take();
        let may = |name: &String| before.as_ref().is_none_or(|names| names.contains(name));
        // What was not listed then may not be harmless now.
        server.allowed = Some(safe.map(|tool| tool.name.clone()).filter(may).collect());
    }
    for (label, tools) in listed(run) {
        let own = run
            .server(label)
            .filter(|terms| terms.place == ServerPlace::Own);
        let may = |tool: &&ListedTool| own.is_some_and(|terms| terms.allows(&tool.name, false));
        let changing = tools.iter().filter(|tool| changes(tool.effect)).filter(may);
        refused.extend(changing.map(|tool| tool.name.as_str()));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = refused.into_iter().collect();
    Err(ApiError::unsafe_tools(&names))
}

/// What each server said that it offers.
fn listed(run: &Progress) -> impl Iterator<Item = (&str, &[ListedTool])> {
    run.steps
        .iter()
        .filter_map(|step| match (&step.step.work, &step.outcome) {
            (Work::ListTools { server, .. }, Some(StepOutcome::Listed(tools))) => {
                Some((server.as_str(), tools.as_slice()))
            }
            _ => None,
        })
}
