use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use jan_projections::MediaRow;

/// An image or a file as it is shown.
pub(in crate::graphql) struct File(pub(super) MediaRow);

/// An image or a file that you keep. Its bytes are read over REST: `/v1/files/{id}/content`.
#[Object]
impl File {
    /// `jan_…`, as in the REST API.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.0.id.as_str().into()
    }

    /// What you call it.
    async fn filename(&self) -> Option<&str> {
        self.0.file_name.as_deref()
    }

    /// What it is for, in OpenAI's words.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// Its media type.
    async fn mime(&self) -> &str {
        &self.0.media_type
    }

    /// Size.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }

    /// Of its bytes, in hex digits.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// Of an image, in pixels.
    async fn width(&self) -> Option<i32> {
        self.0.width
    }

    /// Of an image, in pixels.
    async fn height(&self) -> Option<i32> {
        self.0.height
    }

    /// When it came.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Until when it is kept; absent if that is until it is deleted.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
}
