use std::collections::BTreeSet;

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use jan_commands::conversation::{change_conversation, delete_item};
use jan_domain::conversation::ConversationCommand;
use jan_domain::id::{ConversationId, ItemId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Conversation;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::item::Item;
use crate::graphql::once::once;
use crate::graphql::user_error::UserError;
use crate::rest::conversations::read_items;

/// What is done with items of conversations.
#[derive(Default)]
pub(in crate::graphql) struct ItemMutation;

/// Items to add to a conversation.
#[derive(InputObject, Serialize)]
struct AppendItemsInput {
    /// To which.
    conversation_id: ID,
    /// In the shape of OpenAI's items; at most 20.
    items: Vec<Json<Value>>,
    /// The same key adds them once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// An item to take out of a conversation.
#[derive(InputObject, Serialize)]
struct DeleteItemInput {
    /// Out of which.
    conversation_id: ID,
    /// Which.
    item_id: ID,
    /// The same key answers the same, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What was added to which conversation.
#[derive(SimpleObject)]
struct AppendItemsPayload {
    /// The conversation; absent if nothing was done.
    conversation: Option<Conversation>,
    /// What was added, in order.
    items: Vec<Item>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// What was taken out of which conversation.
#[derive(SimpleObject)]
struct DeleteItemPayload {
    /// The conversation; absent if nothing was done.
    conversation: Option<Conversation>,
    /// Which item is gone.
    deleted_item_id: Option<ID>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// What a mutation came to, as it is kept for its key.
#[derive(Serialize, Deserialize)]
struct Appended {
    conversation: Conversation,
    items: Vec<Item>,
}

#[Object]
impl ItemMutation {
    /// Add items to the end of a conversation.
    async fn append_items(
        &self,
        ctx: &Context<'_>,
        mut input: AppendItemsInput,
    ) -> Result<Option<AppendItemsPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let (id, items) = (input.conversation_id.clone(), input.items.clone());
        let done = once(asking, "appendItems", once_key, |hand| async move {
            let id: ConversationId = id_of(&id, "conversationId")?;
            let items = items.into_iter().map(|Json(item)| item);
            let items = read_items(items.collect(), hand.ids.as_ref())?;
            let asked: BTreeSet<ItemId> = items.iter().map(|item| item.id.clone()).collect();
            let commands = &hand.state.commands;
            let command = ConversationCommand::AppendItems {
                items,
                response: None,
                at: commands.clock.now(),
            };
            let (caller, request) = (&hand.caller, &hand.request);
            let mut live = change_conversation(commands, caller, request, &id, command).await?;
            let held = std::mem::take(&mut live.items).into_iter();
            let added = held.filter(|item| asked.contains(&item.id));
            Ok(Appended {
                items: added.map(|item| Item::of(json!(item))).collect(),
                conversation: Conversation::of(id, live),
            })
        });
        let (appended, user_errors) = asking.told(done.await)?;
        let (conversation, items) = match appended {
            Some(appended) => (Some(appended.conversation), appended.items),
            None => (None, Vec::new()),
        };
        Ok(Some(AppendItemsPayload {
            conversation,
            items,
            user_errors,
        }))
    }

    /// Take an item out of a conversation.
    async fn delete_item(
        &self,
        ctx: &Context<'_>,
        mut input: DeleteItemInput,
    ) -> Result<Option<DeleteItemPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let (id, item) = (input.conversation_id.clone(), input.item_id.clone());
        let done = once(asking, "deleteItem", once_key, |hand| async move {
            let id: ConversationId = id_of(&id, "conversationId")?;
            let item: ItemId = id_of(&item, "itemId")?;
            let (caller, request) = (&hand.caller, &hand.request);
            let live = delete_item(&hand.state.commands, caller, request, (&id, &item)).await?;
            Ok(Conversation::of(id, live))
        });
        let (conversation, user_errors) = asking.told(done.await)?;
        Ok(Some(DeleteItemPayload {
            deleted_item_id: conversation.as_ref().map(|_| input.item_id),
            conversation,
            user_errors,
        }))
    }
}
