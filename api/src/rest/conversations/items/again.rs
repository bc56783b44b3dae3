//! Saying and answering otherwise: both make a fork, and leave the original as it is.

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jan_commands::conversation::{Extent, NewFork, PastConversation, fork_conversation};
use jan_commands::store::Moment;
use jan_domain::Caller;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::item::{Item, Role, parse_item};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::conversations::fork::ForkBody;
use crate::rest::conversations::past;
use crate::rest::path_id::InPath;
use crate::rest::responses::again::{self, Answered};
use crate::state::ApiState;

/// Names the fork of an answer that is a stream of events.
const CONVERSATION: HeaderName = HeaderName::from_static("x-jan-conversation");

/// What a message should say instead. Unknown fields go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct EditItem {
    /// A text, or a list of content parts.
    content: Value,
    /// Whether a model answers it; not when absent.
    regenerate: Option<bool>,
    /// Which model; the one that answered before when absent.
    model: Option<String>,
    /// Whether its answer is streamed.
    stream: Option<bool>,
}

/// How to answer again. Unknown fields go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct RegenerateItem {
    /// Which model answers; the one that did before when absent.
    model: Option<String>,
    /// Whether its answer is streamed.
    stream: Option<bool>,
}

/// The item that a path names, and the conversation that it is in.
pub(super) struct Place {
    from: ConversationId,
    id: ItemId,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let InPath(from) = InPath::from_request_parts(parts, state).await?;
        let InPath(id) = InPath::from_request_parts(parts, state).await?;
        Ok(Self { from, id })
    }
}

/// How a fork is answered.
struct Answering {
    model: Option<String>,
    stream: bool,
}

/// Edit a message: a fork up to it, in which it says something else. With `regenerate` a model answers
/// it there, under the settings of the response that answered it before.
#[utoipa::path(
    post,
    path = "/v1/conversations/{conversation_id}/items/{item_id}/edit",
    operation_id = "edit_conversation_item",
    tag = "Conversations",
    params(("conversation_id" = String, Path), ("item_id" = String, Path)),
    request_body = EditItem,
    responses((status = 201, description = "The fork, or a stream of the response's events", body = ForkBody)),
)]
pub(super) async fn edit(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    Place { from, id }: Place,
    JsonBody(body): JsonBody<EditItem>,
) -> Result<Response, ApiError> {
    let original = read(&state, &caller, &from).await?;
    let fork = context.ids.conversation();
    let held = original.items.iter().find(|held| held.item.id == id);
    let held = held.ok_or_else(|| ApiError::not_found("item", &id))?;
    let item = edited(&held.item, &body.content, context.ids.message())?;
    let regenerate = body.regenerate == Some(true);
    if regenerate && item.role() == Some(Role::Assistant) {
        let message = "What a model said is not answered by a model.";
        return Err(ApiError::invalid_value(message).at("regenerate"));
    }
    let extent = Extent::Edited(id, Box::new(item));
    let answering = regenerate.then(|| Answering {
        model: body.model,
        stream: body.stream == Some(true),
    });
    let made = (&from, &original, fork, extent);
    carry_out((&state, &caller, &context), made, answering).await
}

/// Answer again: a fork up to what the item answers, in which a model answers it, under the settings
/// of the response that did before.
#[utoipa::path(
    post,
    path = "/v1/conversations/{conversation_id}/items/{item_id}/regenerate",
    operation_id = "regenerate_conversation_item",
    tag = "Conversations",
    params(("conversation_id" = String, Path), ("item_id" = String, Path)),
    request_body = RegenerateItem,
    responses((status = 201, description = "The fork, or a stream of the response's events", body = ForkBody)),
)]
pub(super) async fn regenerate(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    Place { from, id }: Place,
    JsonBody(body): JsonBody<RegenerateItem>,
) -> Result<Response, ApiError> {
    let original = read(&state, &caller, &from).await?;
    let fork = context.ids.conversation();
    let answering = Answering {
        model: body.model,
        stream: body.stream == Some(true),
    };
    let made = (&from, &original, fork, Extent::Asking(id));
    carry_out((&state, &caller, &context), made, Some(answering)).await
}

async fn read(
    state: &ApiState,
    caller: &Caller,
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
    (state, caller, context): (&ApiState, &Caller, &RequestContext),
    (from, original, id, extent): (&ConversationId, &PastConversation, ConversationId, Extent),
    answering: Option<Answering>,
) -> Result<Response, ApiError> {
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
    let Some(wish) = wish else {
        return Ok(ForkBody::of(id, fork, None).answer());
    };
    match again::ask(state, caller, context, wish).await? {
        Answered::Whole(whole) => Ok(ForkBody::of(id, fork, Some(whole.object)).answer()),
        Answered::Stream(mut stream) => {
            let id = HeaderValue::from_str(id.as_str());
            stream.headers_mut().extend(id.map(|id| (CONVERSATION, id)));
            Ok(stream)
        }
    }
}
