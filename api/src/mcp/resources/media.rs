//! Images and files. What is text is read as text, anything else as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jan_commands::media::MediaFailure;
use jan_domain::id::MediaId;
use jan_domain::media::Purpose;
use jan_projections::{MediaRow, Order, PageRequest, ReadModel};
use rmcp::model::{ErrorData, Resource, ResourceContents, ResourceTemplate};

use super::{Asked, PAGE, Shelf, bad_cursor, internal, unlisted};
use crate::reading::reach;
use crate::state::ApiState;

const MEDIA: &str = "jan://media/";
const FILES: &str = "jan://files/";
/// Bytes of one reading; what is larger is read over HTTP.
const READ_BYTES_MAX: u64 = 4 << 20;

/// Whether a cursor is one of media.
pub(super) fn is_cursor(cursor: &str) -> bool {
    cursor.starts_with(MediaId::PREFIXES[0])
}

/// A page of the caller's media, newest first.
pub(super) async fn page(
    state: &ApiState,
    asked: &Asked,
    cursor: Option<String>,
) -> Result<Shelf, ErrorData> {
    let after = cursor.map(|cursor| MediaId::parse(&cursor));
    let request = PageRequest {
        after: after.transpose().map_err(|_| bad_cursor())?,
        limit: PAGE,
        order: Order::NewestFirst,
    };
    let reads = &state.reads;
    let reached = reach(reads, ReadModel::Media, &asked.request).await;
    reached.map_err(internal)?;
    let owner = &asked.caller.owner;
    let page = reads.media.list(owner, None, &request).await;
    let page = page.map_err(unlisted)?;
    let last = page.items.last().map(|row| row.id.to_string());
    Ok(Shelf {
        resources: page.items.into_iter().map(shown).collect(),
        next: last.filter(|_| page.has_more),
    })
}

pub(super) fn templates() -> [ResourceTemplate; 2] {
    [
        ResourceTemplate::new(format!("{MEDIA}{{id}}"), "media")
            .with_title("An image")
            .with_description("One of your images"),
        ResourceTemplate::new(format!("{FILES}{{id}}"), "file")
            .with_title("A file")
            .with_description("One of your files"),
    ]
}

/// `jan://media/{id}` or `jan://files/{id}`: either finds both.
pub(super) fn parse(uri: &str) -> Option<MediaId> {
    let id = uri.strip_prefix(MEDIA).or(uri.strip_prefix(FILES))?;
    MediaId::parse(id).ok()
}

/// What an image or a file holds, if it is there.
pub(super) async fn contents(
    state: &ApiState,
    asked: &Asked,
    (uri, id): (&str, &MediaId),
) -> Result<Option<ResourceContents>, ErrorData> {
    let shelf = &state.commands.media;
    let kept = match shelf.find(&asked.caller.owner, id).await {
        Err(MediaFailure::NotFound) => return Ok(None),
        found => found.map_err(internal)?,
    };
    if kept.content.bytes > READ_BYTES_MAX {
        let message =
            format!("It has more than {READ_BYTES_MAX} bytes. Read it at /v1/files/{id}/content.");
        return Err(ErrorData::invalid_params(message, None));
    }
    let bytes = shelf.bytes(id, &kept).await.map_err(internal)?;
    let media_type = kept.content.media_type;
    let contents = match text_of(&media_type, bytes) {
        Ok(text) => ResourceContents::text(text, uri),
        Err(bytes) => ResourceContents::blob(STANDARD.encode(bytes), uri),
    };
    Ok(Some(contents.with_mime_type(media_type)))
}

/// The bytes as text, if they are said to be text, and are.
fn text_of(media_type: &str, bytes: Bytes) -> Result<String, Bytes> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let said = essence.starts_with("text/")
        || matches!(essence, "application/json" | "application/xml")
        || essence.ends_with("+json");
    if !said {
        return Err(bytes);
    }
    String::from_utf8(bytes.into()).map_err(|error| error.into_bytes().into())
}

fn shown(row: MediaRow) -> Resource {
    let prefix = if row.purpose == Purpose::Vision.as_str() {
        MEDIA
    } else {
        FILES
    };
    let name = row.file_name.clone().unwrap_or_else(|| row.id.to_string());
    let mut resource = Resource::new(format!("{prefix}{}", row.id), name);
    resource.title = row.file_name;
    resource.mime_type = Some(row.media_type);
    resource.size = u64::try_from(row.bytes).ok();
    resource
}
