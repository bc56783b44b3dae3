use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use jan_commands::conversation::change_conversation;
use jan_domain::Caller;
use jan_domain::conversation::ConversationCommand;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::item::Item;
use jan_projections::{Consistency, ReadModel, ReadModels};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{read, shown};
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::rest::page::ListBody;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Items to add. Unknown fields are accepted and go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateItems {
    /// At most 20.
    items: Vec<Value>,
}

/// Add items to a conversation.
#[utoipa::path(
    post,
    path = "/v1/conversations/{conversation_id}/items",
    operation_id = "create_conversation_items",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    request_body = CreateItems,
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    JsonBody(body): JsonBody<CreateItems>,
) -> Result<Json<ListBody<jan_domain::Json>>, ApiError> {
    let commands = &state.commands;
    let items = read(body.items, context.ids.as_ref())?;
    let asked: BTreeSet<ItemId> = items.iter().map(|item| item.id.clone()).collect();
    let command = ConversationCommand::AppendItems {
        items,
        response: None,
        at: commands.clock.now(),
    };
    let live = change_conversation(commands, &caller, &context.request, &id, command).await?;
    let held = live.items.into_iter();
    let created: Vec<Item> = held.filter(|item| asked.contains(&item.id)).collect();
    let entries = match context.flavour {
        Flavour::OpenAi => created.into_iter().map(plain).collect(),
        Flavour::Jan => in_jan_shape(&state.reads, &caller, &id, created).await?,
    };
    Ok(Json(ListBody::of(entries, false)))
}

type Entry = (ItemId, jan_domain::Json);

fn plain(item: Item) -> Entry {
    let body = jan_domain::Json::of(&item);
    (item.id, body)
}

/// Place and time of an item are known to the read model only. One that it does not have, because
/// it lags or because the item is gone again, is shown without them.
async fn in_jan_shape(
    reads: &ReadModels,
    caller: &Caller,
    id: &ConversationId,
    items: Vec<Item>,
) -> Result<Vec<Entry>, ApiError> {
    let model = ReadModel::Conversations;
    reads.barrier.reach(model, Consistency::Strong).await?;
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let row = reads
            .conversations
            .find_item(&caller.owner, id, &item.id)
            .await?;
        entries.push(match row {
            Some(row) => (row.id.clone(), shown(row, Flavour::Jan)),
            None => plain(item),
        });
    }
    Ok(entries)
}
