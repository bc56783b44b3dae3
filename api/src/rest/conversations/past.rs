use jan_commands::Commands;
use jan_commands::conversation::{PastConversation, PastItem, conversation_as_of};
use jan_commands::store::Moment;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::{Caller, Json};
use jan_projections::{ItemRow, Order, PageRequest};

use crate::error::ApiError;
use crate::rest::moment::reached;

/// One of the caller's conversations as it stood at the moment that `name` asks for.
pub(super) async fn found(
    commands: &Commands,
    caller: &Caller,
    id: &ConversationId,
    (name, moment): (&str, Moment),
) -> Result<PastConversation, ApiError> {
    let past = conversation_as_of(commands, caller, id, moment).await?;
    reached(name, moment, &past.record)?;
    Ok(past)
}

/// The part of its items that is asked for, and whether there are more.
pub(super) fn page(
    past: &PastConversation,
    page: &PageRequest<ItemId>,
) -> Result<(Vec<ItemRow>, bool), ApiError> {
    let mut items: Vec<&PastItem> = past.items.iter().collect();
    if page.order == Order::NewestFirst {
        items.reverse();
    }
    if let Some(after) = &page.after {
        let place = items.iter().position(|held| held.item.id == *after);
        let place = place.ok_or_else(|| {
            ApiError::invalid_value("The cursor is not in this list.").at("after")
        })?;
        items.drain(..=place);
    }
    let has_more = items.len() > page.limit;
    items.truncate(page.limit);
    Ok((items.into_iter().map(row).collect(), has_more))
}

fn row(held: &PastItem) -> ItemRow {
    ItemRow {
        id: held.item.id.clone(),
        sequence_number: held.ordinal,
        body: Json::of(&held.item),
        created_at: held.added_at,
    }
}
