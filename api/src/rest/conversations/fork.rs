use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_commands::conversation::{Extent, Fork, NewFork, fork_conversation};
use jan_commands::store::Moment;
use jan_domain::conversation::Origin;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::{Caller, UserMetadata};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::ConversationBody;
use super::past;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::{ApiError, created};
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// What to fork, and how the fork differs. Unknown fields go nowhere.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ForkConversation {
    /// The last item to take over; all of them when absent.
    pub(crate) item_id: Option<String>,
    /// Forks the conversation as it stood at this version, also when it was deleted since.
    pub(crate) at_version: Option<i64>,
    /// What the fork is called; as the original when absent.
    pub(crate) title: Option<String>,
    /// Its pairs; those of the original when absent.
    pub(crate) metadata: Option<BTreeMap<String, String>>,
}

/// A conversation that is a copy.
#[derive(Serialize, ToSchema)]
pub(super) struct ForkBody {
    #[serde(flatten)]
    conversation: ConversationBody,
    /// Of what.
    forked_from: Option<OriginBody>,
    /// The response that was made in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

/// What a fork is a copy of.
#[derive(Serialize, ToSchema)]
struct OriginBody {
    /// `conv_…`
    conversation_id: String,
    /// The version that was copied.
    version: i64,
    /// The last item that was taken over.
    item_id: Option<String>,
}

impl ForkBody {
    /// A fork, with the response that was made in it.
    pub(super) fn of(id: ConversationId, fork: Fork, response: Option<Value>) -> Self {
        let origin = fork.live.origin.as_deref().map(OriginBody::of);
        Self {
            conversation: ConversationBody::of(id, fork.live),
            forked_from: origin,
            response,
        }
    }

    /// The answer to whoever asked for the fork.
    pub(super) fn answer(self) -> Response {
        created(Json(self).into_response())
    }
}

impl OriginBody {
    fn of(origin: &Origin) -> Self {
        Self {
            conversation_id: origin.from.to_string(),
            version: origin.version,
            item_id: origin.item.as_ref().map(ToString::to_string),
        }
    }
}

/// Fork a conversation at any item: a new one that begins with a copy. The original stays as it is.
#[utoipa::path(
    post,
    path = "/v1/conversations/{conversation_id}/fork",
    operation_id = "fork_conversation",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    request_body = ForkConversation,
    responses((status = 201, body = ForkBody)),
)]
pub(super) async fn fork(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(from): InPath<ConversationId>,
    JsonBody(body): JsonBody<ForkConversation>,
) -> Result<Response, ApiError> {
    let (id, fork) = forked((&state, &caller, &context), &from, body).await?;
    Ok(ForkBody::of(id, fork, None).answer())
}

/// Makes the fork that is wished, and answers its id and what it is.
pub(crate) async fn forked(
    (state, caller, context): (&ApiState, &Caller, &RequestContext),
    from: &ConversationId,
    wish: ForkConversation,
) -> Result<(ConversationId, Fork), ApiError> {
    let commands = &state.commands;
    let moment = match wish.at_version {
        None => Moment::Head,
        Some(version) if version >= 1 => Moment::Version(version),
        Some(_) => {
            let message = "Expected a version, a whole number from 1.";
            return Err(ApiError::invalid_value(message).at("at_version"));
        }
    };
    let item = wish.item_id.map(|id| item_id(&id)).transpose()?;
    let new = NewFork {
        id: context.ids.conversation(),
        extent: item.map_or(Extent::All, Extent::Through),
        title: wish.title,
        metadata: wish.metadata.map(UserMetadata::parse).transpose()?,
    };
    let original = past::found(commands, caller, from, ("at_version", moment)).await?;
    let id = new.id.clone();
    let from = (from, &original);
    let fork = fork_conversation(commands, caller, &context.request, from, new).await;
    let fork = fork.map_err(|error| ApiError::from(error).or_at("item_id"))?;
    Ok((id, fork))
}

fn item_id(text: &str) -> Result<ItemId, ApiError> {
    ItemId::parse(text).map_err(|invalid| {
        ApiError::invalid_value(format!("Invalid 'item_id': {invalid}.")).at("item_id")
    })
}
