use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::conversation::{NewConversation, create_conversation};
use jan_domain::UserMetadata;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::ConversationBody;
use super::items;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;

/// A conversation to create. Unknown fields are accepted and go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateConversation {
    /// What it is called; at most 256 characters.
    title: Option<String>,
    /// Up to 16 pairs.
    metadata: Option<BTreeMap<String, String>>,
    /// Where it comes from; at most 64 characters.
    referrer: Option<String>,
    /// Its first items; at most 20.
    items: Option<Vec<Value>>,
}

/// Begin a conversation, with items if you like.
#[utoipa::path(
    post,
    path = "/v1/conversations",
    operation_id = "create_conversation",
    tag = "Conversations",
    request_body = CreateConversation,
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn create(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    JsonBody(body): JsonBody<CreateConversation>,
) -> Result<Json<ConversationBody>, ApiError> {
    let id = context.ids.conversation();
    let new = NewConversation {
        id: id.clone(),
        title: body.title,
        metadata: UserMetadata::parse(body.metadata.unwrap_or_default())?,
        referrer: body.referrer,
        items: items::read(body.items.unwrap_or_default(), context.ids.as_ref())?,
    };
    let begun = create_conversation(&commands, &caller, &context.request, new).await?;
    Ok(Json(ConversationBody::of(id, begun)))
}
