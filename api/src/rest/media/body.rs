use chrono::{DateTime, Utc};
use jan_commands::media::Address;
use jan_domain::id::MediaId;
use jan_projections::MediaRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Server;

/// Media as it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MediaBody {
    /// `jan_` and a ULID.
    #[schema(value_type = String)]
    id: MediaId,
    /// `media`
    object: &'static str,
    /// Its media type.
    mime: String,
    /// Size.
    bytes: i64,
    /// What its owner calls it.
    filename: Option<String>,
    /// What it is for, in OpenAI's words.
    purpose: String,
    /// Of the bytes, in hex digits.
    sha256: String,
    /// Of an image, in pixels.
    width: Option<i32>,
    /// Of an image, in pixels.
    height: Option<i32>,
    /// When it came.
    created_at: DateTime<Utc>,
    /// Until when it is kept; `null` until it is deleted.
    expires_at: Option<DateTime<Utc>>,
}

impl From<MediaRow> for MediaBody {
    fn from(row: MediaRow) -> Self {
        Self {
            id: row.id,
            object: "media",
            mime: row.media_type,
            bytes: row.bytes,
            filename: row.file_name,
            purpose: row.purpose,
            sha256: row.sha256,
            width: row.width,
            height: row.height,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// A whole address of ours or of the object store.
pub(super) fn url_of(server: &Server, address: Address) -> String {
    match address {
        Address::Elsewhere(url) => url,
        Address::Ours(token) => link_url(server, &token),
    }
}

pub(super) fn link_url(server: &Server, token: &str) -> String {
    format!("{}/v1/media/links/{token}", server.mcp.base)
}
