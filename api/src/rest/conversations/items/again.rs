//! The routes of saying and answering otherwise.

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jan_domain::id::{ConversationId, ItemId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::anew::{self, Anew, Answering};
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::conversations::fork::ForkBody;
use crate::rest::path_id::InPath;
use crate::rest::responses::again::Answered;
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
    let answering = (body.regenerate == Some(true)).then(|| Answering {
        model: body.model,
        stream: body.stream == Some(true),
    });
    let asking = (&state, &*caller, &context);
    let made = anew::edit(asking, (&from, &id), &body.content, answering).await?;
    Ok(answer(made))
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
    let answering = Answering {
        model: body.model,
        stream: body.stream == Some(true),
    };
    let asking = (&state, &*caller, &context);
    let made = anew::regenerate(asking, (&from, &id), answering).await?;
    Ok(answer(made))
}

fn answer(Anew { id, fork, answered }: Anew) -> Response {
    match answered {
        None => ForkBody::of(id, fork, None).answer(),
        Some(Answered::Whole(whole)) => ForkBody::of(id, fork, Some(whole.object)).answer(),
        Some(Answered::Stream(mut stream)) => {
            let id = HeaderValue::from_str(id.as_str());
            stream.headers_mut().extend(id.map(|id| (CONVERSATION, id)));
            stream
        }
    }
}
