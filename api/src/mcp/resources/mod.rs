//! Resources: the caller's own conversations, images and files.

mod conversations;
mod media;

use jan_projections::ListError;
use rmcp::model::{
    CacheScope, ErrorData, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult,
    Resource, ResourceContents,
};
use serde_json::json;

use super::asked::{Asked, bad_cursor, internal};
use crate::state::ApiState;

/// Resources of one kind on a page.
const PAGE: usize = 50;

/// Resources of one kind, and the cursor of those after them.
struct Shelf {
    resources: Vec<Resource>,
    next: Option<String>,
}

/// A page of what is the caller's: conversations, newest first, then media. The cursor is the last
/// one's id, which tells what it is.
pub(super) async fn page(
    state: &ApiState,
    asked: &Asked,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let shelf = match cursor {
        Some(cursor) if media::is_cursor(&cursor) => {
            media::page(state, asked, Some(cursor)).await?
        }
        cursor => {
            let mut shelf = conversations::page(&state.reads, asked, cursor).await?;
            if shelf.next.is_none() {
                let media = media::page(state, asked, None).await?;
                shelf.resources.extend(media.resources);
                shelf.next = media.next;
            }
            shelf
        }
    };
    let mut result = ListResourcesResult::with_all_items(shelf.resources);
    result.next_cursor = shelf.next;
    result.ttl_ms = Some(0);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

pub(super) fn templates() -> ListResourceTemplatesResult {
    let mut templates = vec![conversations::template()];
    templates.extend(media::templates());
    ListResourceTemplatesResult::with_all_items(templates)
}

/// Reads a resource. Somebody else's answers like one that is not there.
pub(super) async fn read(
    state: &ApiState,
    asked: &Asked,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    let contents = contents(state, asked, uri).await?;
    let mut result = ReadResourceResult::new(vec![contents]);
    result.ttl_ms = Some(0);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// What a resource holds.
pub(super) async fn contents(
    state: &ApiState,
    asked: &Asked,
    uri: &str,
) -> Result<ResourceContents, ErrorData> {
    let found = match media::parse(uri) {
        Some(id) => media::contents(state, asked, (uri, &id)).await?,
        None => conversations::contents(&state.reads, asked, uri).await?,
    };
    found.ok_or_else(|| {
        let data = json!({ "uri": uri });
        ErrorData::resource_not_found("Resource not found", Some(data))
    })
}

fn unlisted(error: ListError) -> ErrorData {
    match error {
        ListError::UnknownCursor(_) => bad_cursor(),
        ListError::Read(_) => internal(error),
    }
}
