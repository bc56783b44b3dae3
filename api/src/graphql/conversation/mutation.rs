use std::collections::BTreeMap;

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use jan_commands::conversation::{
    NewConversation, change_conversation, create_conversation, delete_conversation,
};
use jan_domain::UserMetadata;
use jan_domain::conversation::ConversationCommand;
use jan_domain::id::ConversationId;
use serde::Serialize;
use serde_json::Value;

use super::Conversation;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::once;
use crate::graphql::scalar::Metadata;
use crate::graphql::user_error::UserError;
use crate::rest::conversations::read_items;

/// What is done with conversations.
#[derive(Default)]
pub(in crate::graphql) struct ConversationMutation;

/// A conversation to begin.
#[derive(InputObject, Serialize)]
struct CreateConversationInput {
    /// What it is called; at most 256 characters.
    title: Option<String>,
    /// Where it comes from; at most 64 characters.
    referrer: Option<String>,
    /// Up to 16 pairs.
    metadata: Option<Metadata>,
    /// Its first items, in the shape of OpenAI's items; at most 20.
    items: Option<Vec<Json<Value>>>,
    /// The same key begins it once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What to change of a conversation. What is absent or null stays.
#[derive(InputObject, Serialize)]
struct UpdateConversationInput {
    /// Which.
    id: ID,
    /// A new title; at most 256 characters.
    title: Option<String>,
    /// A new referrer; at most 64 characters.
    referrer: Option<String>,
    /// New pairs, replacing all old ones; at most 16.
    metadata: Option<Metadata>,
    /// The same key changes it once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A conversation to delete.
#[derive(InputObject, Serialize)]
struct DeleteConversationInput {
    /// Which.
    id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A conversation as it was left.
#[derive(SimpleObject)]
struct ConversationPayload {
    /// The conversation; absent if nothing was done.
    conversation: Option<Conversation>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// The end of a conversation.
#[derive(SimpleObject)]
struct DeleteConversationPayload {
    /// Whose end it was; absent if nothing was done.
    deleted_conversation_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl ConversationMutation {
    /// Begin a conversation, with items if you like.
    async fn create_conversation(
        &self,
        ctx: &Context<'_>,
        mut input: CreateConversationInput,
    ) -> Result<Option<ConversationPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let (title, referrer) = (input.title.clone(), input.referrer.clone());
        let (metadata, items) = (input.metadata.clone(), input.items.clone());
        let done = once(asking, "createConversation", once_key, |hand| async move {
            let id = hand.ids.conversation();
            let items = items.unwrap_or_default().into_iter().map(|Json(item)| item);
            let new = NewConversation {
                id: id.clone(),
                title,
                metadata: pairs(metadata.unwrap_or_default())?,
                referrer,
                items: read_items(items.collect(), hand.ids.as_ref())?,
            };
            let commands = &hand.state.commands;
            let begun = create_conversation(commands, &hand.caller, &hand.request, new).await?;
            Ok(Conversation::of(id, begun))
        });
        let (conversation, user_errors) = asking.told(done.await)?;
        Ok(Some(ConversationPayload {
            conversation,
            user_errors,
        }))
    }

    /// Change a conversation's title, referrer or metadata.
    async fn update_conversation(
        &self,
        ctx: &Context<'_>,
        mut input: UpdateConversationInput,
    ) -> Result<Option<ConversationPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let (title, referrer) = (input.title.clone(), input.referrer.clone());
        let (id, metadata) = (input.id.clone(), input.metadata.clone());
        let done = once(asking, "updateConversation", once_key, |hand| async move {
            let id: ConversationId = id_of(&id, "id")?;
            let commands = &hand.state.commands;
            let command = ConversationCommand::Update {
                title,
                metadata: metadata.map(pairs).transpose()?,
                referrer,
                at: commands.clock.now(),
            };
            let (caller, request) = (&hand.caller, &hand.request);
            let live = change_conversation(commands, caller, request, &id, command).await?;
            Ok(Conversation::of(id, live))
        });
        let (conversation, user_errors) = asking.told(done.await)?;
        Ok(Some(ConversationPayload {
            conversation,
            user_errors,
        }))
    }

    /// Delete a conversation and its items.
    async fn delete_conversation(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteConversationInput,
    ) -> Result<Option<DeleteConversationPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let done = once(asking, "deleteConversation", once_key, |hand| async move {
            let id: ConversationId = id_of(&id, "id")?;
            delete_conversation(&hand.state.commands, &hand.caller, &hand.request, &id).await?;
            Ok(id)
        });
        let (deleted, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteConversationPayload {
            deleted_conversation_id: deleted.map(|id| id.as_str().into()),
            user_errors,
        }))
    }
}

fn pairs(Metadata(pairs): Metadata) -> Result<UserMetadata, ApiError> {
    let pairs: BTreeMap<String, String> = pairs;
    Ok(UserMetadata::parse(pairs)?)
}
