//! What a model is shown before a run's own words: a fold of streams, never a read of a projection.

use jan_domain::Caller;
use jan_domain::caller::Owner;
use jan_domain::conversation::{Conversation, ConversationError, LiveConversation};
use jan_domain::id::{ConversationId, ItemId, ResponseId};
use jan_domain::item::{Item, ItemBody, foreign_image, media_of_items};
use jan_domain::ports::IdGenerator;
use jan_domain::response::run::{ToolUse, UseKind, offered_name};
use jan_domain::response::{EffectClass, Ending, Response, Retention};
use serde_json::{Map, Value};

use super::item_ids::response_of;
use super::wish::{InputItem, ServerWish};
use super::{RunError, prompt};
use crate::store::Loaded;
use crate::{CommandError, Commands};

/// Links of a chain of responses that are followed.
const CHAIN_MAX: usize = 1_000;

/// The items of a conversation, or of the chain that ends with a response.
pub(super) async fn history(
    commands: &Commands,
    owner: &Owner,
    previous: Option<&ResponseId>,
    conversation: Option<&LiveConversation>,
) -> Result<Vec<Item>, RunError> {
    match (previous, conversation) {
        (Some(previous), _) => chain(commands, owner, previous).await,
        (None, Some(live)) => Ok(live.items.clone()),
        (None, None) => Ok(Vec::new()),
    }
}

/// Everything that was said up to and with a response, oldest first.
async fn chain(
    commands: &Commands,
    owner: &Owner,
    last: &ResponseId,
) -> Result<Vec<Item>, RunError> {
    let mut turns: Vec<Vec<Item>> = Vec::new();
    let mut next = Some(last.clone());
    while let Some(id) = next.take() {
        if turns.len() >= CHAIN_MAX {
            break;
        }
        let (turn, previous) = match turn_of(commands, owner, &id).await {
            Ok(told) => told,
            // An older link may have been deleted since; what came after it is still known.
            Err(RunError::PreviousNotFound(_)) if !turns.is_empty() => break,
            Err(error) => return Err(error),
        };
        turns.push(turn);
        next = previous;
    }
    Ok(turns.into_iter().rev().flatten().collect())
}

/// One response's items, and the response it continued.
async fn turn_of(
    commands: &Commands,
    owner: &Owner,
    id: &ResponseId,
) -> Result<(Vec<Item>, Option<ResponseId>), RunError> {
    let missing = || RunError::PreviousNotFound(id.clone());
    let loaded = commands.responses.load(id.as_str()).await?;
    let (call, ending) = match &loaded.state {
        Response::Open(call) => (call, None),
        Response::Closed { call, ending, .. } => (call, Some(ending)),
        Response::NotRequested | Response::Deleted { .. } => return Err(missing()),
    };
    let run = call.run.as_ref().ok_or_else(missing)?;
    if call.owner != *owner || call.retention != Retention::Stored {
        return Err(missing());
    }
    let output = match ending {
        Some(Ending::Completed { answer, .. } | Ending::Incomplete { answer, .. }) => {
            answer.body.read().unwrap_or_default()
        }
        _ => return Err(RunError::PreviousUnanswered(id.clone())),
    };
    let mut items: Vec<Item> = run.terms.input.clone();
    items.extend::<Vec<Item>>(output);
    let before = match &run.conversation {
        // A turn of a conversation continues what the conversation held then.
        Some(conversation) if run.terms.previous_response.is_none() => {
            before_turn(commands, owner, conversation, items.first()).await?
        }
        _ => Vec::new(),
    };
    let turn = before.into_iter().chain(items).collect();
    Ok((turn, run.terms.previous_response.clone()))
}

/// What a conversation held before `first`.
async fn before_turn(
    commands: &Commands,
    owner: &Owner,
    id: &ConversationId,
    first: Option<&Item>,
) -> Result<Vec<Item>, RunError> {
    let loaded = commands.conversations.load(id.as_str()).await?;
    let Conversation::Live(live) = loaded.state else {
        return Ok(Vec::new());
    };
    if live.owner != *owner {
        return Ok(Vec::new());
    }
    let Some(first) = first else {
        return Ok(live.items);
    };
    let known = live.items.iter().take_while(|item| item.id != first.id);
    Ok(known.cloned().collect())
}

/// A conversation that the caller may continue.
pub(super) async fn open_conversation(
    commands: &Commands,
    caller: &Caller,
    id: &ConversationId,
) -> Result<(Loaded<Conversation>, LiveConversation), RunError> {
    let loaded = commands.conversations.load(id.as_str()).await?;
    match &loaded.state {
        Conversation::Live(live) if caller.sees(&live.owner) => {
            let live = live.clone();
            Ok((loaded, live))
        }
        _ => Err(CommandError::Refused(ConversationError::NotFound).into()),
    }
}

/// The request's own items, references put in place.
pub(super) async fn resolve(
    commands: &Commands,
    caller: &Caller,
    history: &[Item],
    input: Vec<InputItem>,
) -> Result<Vec<Item>, RunError> {
    let mut items = Vec::with_capacity(input.len());
    for item in input {
        match item {
            InputItem::Item(item) => items.push(item),
            // What the model is shown anyway need not be shown twice.
            InputItem::Reference(id) if history.iter().any(|known| known.id == id) => {}
            InputItem::Reference(id) => items.push(referenced(commands, caller, id).await?),
        }
    }
    Ok(items)
}

/// An item of one of the caller's own stored responses.
async fn referenced(commands: &Commands, caller: &Caller, id: ItemId) -> Result<Item, RunError> {
    let Some(response) = response_of(&id) else {
        return Err(RunError::ItemNotFound(id));
    };
    let turn = match turn_of(commands, &caller.owner, &response).await {
        Ok((turn, _)) => turn,
        Err(RunError::PreviousNotFound(_) | RunError::PreviousUnanswered(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut items = turn.into_iter();
    items
        .find(|item| item.id == id)
        .ok_or(RunError::ItemNotFound(id))
}

/// Refuses input whose media cannot be shown.
pub(super) async fn check_media(
    commands: &Commands,
    owner: &Owner,
    input: &[Item],
) -> Result<(), RunError> {
    if let Some((field, id)) = foreign_image(input) {
        return Err(RunError::WrongMedia {
            at: format!("input{field}.file_id"),
            problem: format!("No media found with id '{id}'."),
        });
    }
    let references = media_of_items(input).into_iter();
    let references = references.map(|(field, part)| (format!("input{field}"), part));
    let references = references.collect();
    commands.media.check_references(owner, references).await?;
    Ok(())
}

/// Refuses a context that no model takes: calls without outputs, outputs without calls.
pub(super) fn check_calls(context: &[Item]) -> Result<(), RunError> {
    if let Some(call) = prompt::unanswered_call(context) {
        return Err(RunError::CallUnanswered(call.to_owned()));
    }
    match prompt::unasked_output(context) {
        Some(call) => Err(RunError::OutputUnasked(call.to_owned())),
        None => Ok(()),
    }
}

/// The calls that the request approves, each with the item that asked for it.
pub(super) fn approved(
    context: &[Item],
    input: &[Item],
    servers: &[ServerWish],
    ids: &dyn IdGenerator,
) -> Result<Vec<ToolUse>, RunError> {
    let mut uses = Vec::new();
    for answer in input.iter().filter_map(approval_response) {
        let id = text(answer, "approval_request_id");
        let asked = context
            .iter()
            .find(|item| item.kind() == "mcp_approval_request" && item.id.as_str() == id);
        let asked = asked.filter(|_| !was_made(context, id));
        let Some((asked, fields)) = asked.and_then(|item| Some((item, opaque(item)?))) else {
            return Err(RunError::ApprovalUnasked(id.to_owned()));
        };
        if answer.get("approve") != Some(&Value::Bool(true)) {
            continue;
        }
        let (label, tool) = (text(fields, "server_label"), text(fields, "name"));
        if !servers.iter().any(|server| server.label == label) {
            return Err(RunError::ApprovedServerMissing(label.to_owned()));
        }
        uses.push(ToolUse {
            item: ids.item(UseKind::Mcp.id_prefix()),
            call_id: asked.id.to_string(),
            offered: offered_name(label, tool),
            server: label.to_owned(),
            tool: tool.to_owned(),
            arguments: text(fields, "arguments").to_owned(),
            // What the server says of it is not known yet: nobody loses by caution.
            effect: EffectClass::Unsafe,
            kind: UseKind::Mcp,
            approved_by: Some(asked.id.clone()),
        });
    }
    Ok(uses)
}

/// Whether the call behind an approval request was made already: nobody can approve it twice.
fn was_made(context: &[Item], request: &str) -> bool {
    let mut calls = context.iter().filter(|item| item.kind() == "mcp_call");
    calls.any(|item| opaque(item).is_some_and(|call| text(call, "approval_request_id") == request))
}

fn approval_response(item: &Item) -> Option<&Map<String, Value>> {
    opaque(item).filter(|_| item.kind() == "mcp_approval_response")
}

fn opaque(item: &Item) -> Option<&Map<String, Value>> {
    match &item.body {
        ItemBody::Opaque(fields) => Some(fields),
        _ => None,
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
