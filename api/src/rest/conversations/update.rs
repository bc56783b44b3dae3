use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jan_commands::conversation::change_conversation;
use jan_domain::UserMetadata;
use jan_domain::conversation::ConversationCommand;
use jan_domain::id::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::ConversationBody;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// What to change. What is absent or null stays; unknown fields go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct UpdateConversation {
    /// A new title; at most 256 characters.
    title: Option<String>,
    /// New pairs, replacing all old ones; at most 16.
    metadata: Option<BTreeMap<String, String>>,
    /// A new referrer; at most 64 characters.
    referrer: Option<String>,
}

/// Change a conversation's title, metadata or referrer.
#[utoipa::path(
    post,
    path = "/v1/conversations/{conversation_id}",
    operation_id = "update_conversation",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    request_body = UpdateConversation,
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    JsonBody(body): JsonBody<UpdateConversation>,
) -> Result<Json<ConversationBody>, ApiError> {
    let commands = &state.commands;
    let command = ConversationCommand::Update {
        title: body.title,
        metadata: body.metadata.map(UserMetadata::parse).transpose()?,
        referrer: body.referrer,
        at: commands.clock.now(),
    };
    let live = change_conversation(commands, &caller, &context.request, &id, command).await?;
    Ok(Json(ConversationBody::of(id, live)))
}

/// The same, for those who say PATCH.
#[utoipa::path(
    patch,
    path = "/v1/conversations/{conversation_id}",
    operation_id = "update_conversation_by_patch",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    request_body = UpdateConversation,
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn update_by_patch(
    state: State<ApiState>,
    caller: Authenticated,
    context: RequestContext,
    id: InPath<ConversationId>,
    body: JsonBody<UpdateConversation>,
) -> Result<Json<ConversationBody>, ApiError> {
    update(state, caller, context, id, body).await
}
