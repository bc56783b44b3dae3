use jan_domain::id::MediaId;
use jan_domain::media::KeptMedia;
use jan_projections::MediaRow;
use serde::Serialize;
use utoipa::ToSchema;

/// A file in OpenAI's shape.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileBody {
    /// `jan_` and a ULID.
    #[schema(value_type = String)]
    id: MediaId,
    /// `file`
    object: &'static str,
    /// Size.
    bytes: i64,
    /// Unix time.
    created_at: i64,
    /// Unix time; `null` if it is kept until it is deleted.
    expires_at: Option<i64>,
    /// What its owner calls it.
    filename: String,
    /// What it is for.
    purpose: String,
    /// `processed`
    status: &'static str,
    /// `null`
    status_details: Option<String>,
}

impl FileBody {
    /// A file as its stream has it.
    pub(super) fn of(id: MediaId, kept: &KeptMedia) -> Self {
        Self {
            filename: kept.label.name().unwrap_or(id.as_str()).to_owned(),
            id,
            object: "file",
            bytes: i64::try_from(kept.content.bytes).unwrap_or(i64::MAX),
            created_at: kept.stored_at.timestamp(),
            expires_at: kept.retain_until.map(|until| until.timestamp()),
            purpose: kept.label.purpose.as_str().to_owned(),
            status: "processed",
            status_details: None,
        }
    }
}

impl From<MediaRow> for FileBody {
    fn from(row: MediaRow) -> Self {
        Self {
            filename: row.file_name.unwrap_or_else(|| row.id.to_string()),
            id: row.id,
            object: "file",
            bytes: row.bytes,
            created_at: row.created_at.timestamp(),
            expires_at: row.expires_at.map(|until| until.timestamp()),
            purpose: row.purpose,
            status: "processed",
            status_details: None,
        }
    }
}
