//! Saying and answering otherwise, whoever asks for it: both make a fork, and leave the original as it
//! is.

use jan_commands::conversation::{Extent, Fork, NewFork, PastConversation, fork_conversation};
use jan_commands::store::Moment;
use jan_domain::Caller;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::item::{Item, Role, parse_item};
use serde_json::{Value, json};

use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::conversations::past;
use crate::rest::responses::again::{self, Answered};
use crate::state::ApiState;

/// Who asks, and in which request.
pub(crate) type Asking<'a> = (&'a ApiState, &'a Caller, &'a RequestContext);

/// An item of a conversation.
pub(crate) type Place<'a> = (&'a ConversationId, &'a ItemId);

/// How a fork is answered.
pub(crate) struct Answering {
    /// Which model answers; the one that did before when absent.
    pub(crate) model: Option<String>,
    /// Whether its answer is streamed.
    pub(crate) stream: bool,
}

/// A fork, and what a model said in it.
pub(crate) struct Anew {
    pub(crate) id: ConversationId,
    pub(crate) fork: Fork,
    pub(crate) answered: Option<Answered>,
}

/// A fork up to a message, in which it says something else, answered there if that is asked.
pub(crate) async fn edit(
    asking: Asking<'_>,
    (from, item): Place<'_>,
    content: &Value,
    answering: Option<Answering>,
) -> Result<Anew, ApiError> {
    let original = read(asking, from).await?;
    let fork = asking.2.ids.conversation();
    let held = original.items.iter().find(|held| held.item.id == *item);
    let held = held.ok_or_else(|| ApiError::not_found("item", item))?;
    let said = edited(&held.item, content, asking.2.ids.message())?;
    if answering.is_some() && said.role() == Some(Role::Assistant) {
        let message = "What a model said is not answered by a model.";
        return Err(ApiError::invalid_value(message).at("regenerate"));
    }
    let extent = Extent::Edited(item.clone(), Box::new(said));
    carry_out(asking, (from, &original, fork, extent), answering).await
}

/// A fork up to what an item answers, in which a model answers it.
pub(crate) async fn regenerate(
    asking: Asking<'_>,
    (from, item): Place<'_>,
    answering: Answering,
) -> Result<Anew, ApiError> {
    let original = read(asking, from).await?;
    let fork = asking.2.ids.conversation();
    let made = (from, &original, fork, Extent::Asking(item.clone()));
    carry_out(asking, made, Some(answering)).await
}

async fn read(
    (state, caller, _): Asking<'_>,
    id: &ConversationId,
) -> Result<PastConversation, ApiError> {
    past::found(&state.commands, caller, id, ("", Moment::Head)).await
}

/// The same message, saying something else.
fn edited(item: &Item, content: &Value, id: ItemId) -> Result<Item, ApiError> {
    let Some(role) = item.role() else {
        return Err(ApiError::invalid_value("Only messages can be edited.").at("item_id"));
    };
    let message = json!({"type": "message", "role": role.as_str(), "content": content});
    parse_item(message, id).map_err(|invalid| {
        let at = invalid.at.trim_start_matches('.').to_owned();
        ApiError::invalid_value(invalid.problem).at(if at.is_empty() {
            "content".to_owned()
        } else {
            at
        })
    })
}

async fn carry_out(
    (state, caller, context): Asking<'_>,
    (from, original, id, extent): (&ConversationId, &PastConversation, ConversationId, Extent),
    answering: Option<Answering>,
) -> Result<Anew, ApiError> {
    // What cannot be answered is not forked either.
    let wish = match answering {
        None => None,
        Some(answering) => {
            let like = extent.answered_by(original)?;
            let like = (like.as_ref(), answering.model);
            let mut wish = again::wish(state, caller, context, like).await?;
            if state.commands.models.find(&wish.model).is_none() {
                return Err(ApiError::model_not_found(&wish.model));
            }
            wish.stream = answering.stream;
            wish.conversation = Some(id.clone());
            Some(wish)
        }
    };
    let new = NewFork {
        id: id.clone(),
        extent,
        title: None,
        metadata: None,
    };
    let commands = &state.commands;
    let fork = fork_conversation(commands, caller, &context.request, (from, original), new).await?;
    let answered = match wish {
        Some(wish) => Some(again::ask(state, caller, context, wish).await?),
        None => None,
    };
    Ok(Anew { id, fork, answered })
}
