//! Conversations with their items, as JSON.

use jan_domain::Json;
use jan_domain::id::{ConversationId, ItemId};
use jan_projections::{ConversationRow, ListError, Order, PageRequest, ReadModel, ReadModels};
use rmcp::model::{ErrorData, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;

use super::{Asked, PAGE, Shelf, bad_cursor, internal, unlisted};
use crate::reading::reach;

const PREFIX: &str = "jan://conversations/";
const MIME_TYPE: &str = "application/json";
/// Items of a conversation in one reading: so many pages of so many.
const ITEM_PAGES_MAX: usize = 10;
const ITEMS_PAGE: usize = 100;

/// A conversation as it is read.
#[derive(Serialize)]
struct Conversation {
    id: ConversationId,
    title: Option<String>,
    items: Vec<Json>,
    /// Where the rest is, if this is not all.
    next: Option<String>,
}

/// A page of the caller's conversations, newest first.
pub(super) async fn page(
    reads: &ReadModels,
    asked: &Asked,
    cursor: Option<String>,
) -> Result<Shelf, ErrorData> {
    let after = cursor.map(|cursor| ConversationId::parse(&cursor));
    let request = PageRequest {
        after: after.transpose().map_err(|_| bad_cursor())?,
        limit: PAGE,
        order: Order::NewestFirst,
    };
    fresh(reads, asked).await?;
    let owner = &asked.caller.owner;
    let found = reads.conversations.list(owner, None, &request).await;
    let page = found.map_err(unlisted)?.page;
    let last = page.items.last().map(|row| row.id.to_string());
    Ok(Shelf {
        resources: page.items.into_iter().map(shown).collect(),
        next: last.filter(|_| page.has_more),
    })
}

pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(format!("{PREFIX}{{id}}"), "conversation")
        .with_title("A conversation")
        .with_description("The items of one of your conversations, oldest first")
        .with_mime_type(MIME_TYPE)
}

/// What a conversation holds, if it is there.
pub(super) async fn contents(
    reads: &ReadModels,
    asked: &Asked,
    uri: &str,
) -> Result<Option<ResourceContents>, ErrorData> {
    let Some((id, after)) = parse(uri) else {
        return Ok(None);
    };
    fresh(reads, asked).await?;
    let owner = &asked.caller.owner;
    let row = reads.conversations.find(owner, &id).await;
    let row = row.map_err(|error| internal(ListError::from(error)))?;
    let Some(row) = row else {
        return Ok(None);
    };
    let conversation = conversation(reads, asked, row, after).await?;
    Ok(conversation.map(|conversation| {
        let text = Json::of(&conversation);
        ResourceContents::text(text.text(), uri).with_mime_type(MIME_TYPE)
    }))
}

/// The conversation with its items, as many as one reading gives.
async fn conversation(
    reads: &ReadModels,
    asked: &Asked,
    row: ConversationRow,
    after: Option<ItemId>,
) -> Result<Option<Conversation>, ErrorData> {
    let (mut items, mut last, mut has_more) = (Vec::new(), after, true);
    for _ in 0..ITEM_PAGES_MAX {
        let request = PageRequest {
            after: last.clone(),
            limit: ITEMS_PAGE,
            order: Order::OldestFirst,
        };
        let owner = &asked.caller.owner;
        let page = reads
            .conversations
            .list_items(owner, &row.id, &request)
            .await;
        let Some(page) = page.map_err(unlisted)? else {
            return Ok(None);
        };
        last = page.items.last().map(|item| item.id.clone()).or(last);
        has_more = page.has_more;
        items.extend(page.items.into_iter().map(|item| item.body));
        if !has_more {
            break;
        }
    }
    let next = last.filter(|_| has_more);
    Ok(Some(Conversation {
        next: next.map(|item| format!("{PREFIX}{}?after={item}", row.id)),
        id: row.id,
        title: row.title,
        items,
    }))
}

fn shown(row: ConversationRow) -> Resource {
    let name = row.title.clone().unwrap_or_else(|| row.id.to_string());
    let mut resource = Resource::new(format!("{PREFIX}{}", row.id), name);
    resource.title = row.title;
    resource.mime_type = Some(MIME_TYPE.to_owned());
    resource
}

/// `jan://conversations/{id}`, and `?after={item}` for the rest of a long one.
fn parse(uri: &str) -> Option<(ConversationId, Option<ItemId>)> {
    let rest = uri.strip_prefix(PREFIX)?;
    let (id, after) = match rest.split_once("?after=") {
        Some((id, after)) => (id, Some(ItemId::parse(after).ok()?)),
        None => (rest, None),
    };
    Some((ConversationId::parse(id).ok()?, after))
}

async fn fresh(reads: &ReadModels, asked: &Asked) -> Result<(), ErrorData> {
    let reached = reach(reads, ReadModel::Conversations, &asked.request).await;
    reached.map(|_| ()).map_err(internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_conversations_have_addresses() {
        assert!(parse("jan://conversations/conv_1").is_some_and(|(_, after)| after.is_none()));
        assert!(
            parse("jan://conversations/conv_1?after=msg_1").is_some_and(|(_, it)| it.is_some())
        );
        for wrong in [
            "",
            "conv_1",
            "jan://conversations/",
            "jan://conversations/resp_1",
            "jan://conversations/conv_1/",
            "jan://conversations/../conv_1",
            "jan://conversations/conv_1?after=",
            "file:///etc/passwd",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
