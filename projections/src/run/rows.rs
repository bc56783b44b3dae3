use chrono::{DateTime, Utc};
use jan_domain::id::{ConversationId, NodeId, ResponseId};
use jan_domain::json::Json;
use jan_domain::response::{Failure, IncompleteReason, Retention, Timing, Usage};
use jan_domain::user_metadata::UserMetadata;
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json as Encoded;
use sqlx::{FromRow, Row};

use crate::stored_name;

/// A run as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: ResponseId,
    /// How far it got.
    pub status: RunStatus,
    /// The model the client asked for.
    pub model: String,
    /// Whether it runs without its client.
    pub background: bool,
    /// How much of it is kept.
    pub retention: Retention,
    /// The conversation it continues.
    pub conversation: Option<ConversationId>,
    /// The response it continues.
    pub previous: Option<ResponseId>,
    /// The process that carries it.
    pub node: Option<NodeId>,
    /// How often it was taken up.
    pub epoch: i32,
    /// What was asked; only under [`Retention::Stored`].
    pub request: Option<Json>,
    /// The items that the request brought; only under [`Retention::Stored`].
    pub input: Option<Json>,
    /// The items that came of it, once it ended; only under [`Retention::Stored`].
    pub output: Option<Json>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it cost, once it ended with an answer.
    pub usage: Option<Usage>,
    /// How long it took, once it ended.
    pub timing: Option<Timing>,
    /// Why it is not whole.
    pub incomplete: Option<IncompleteReason>,
    /// Why there is no answer.
    pub failure: Option<Failure>,
}

/// How far a run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for a process.
    Queued,
    /// Under way.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete,
    /// Without an answer.
    Failed,
    /// Stopped by its caller.
    Cancelled,
}

impl RunStatus {
    /// The stored and answered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::InProgress)
    }
}

impl<'r> FromRow<'r, PgRow> for RunRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let Encoded(metadata) = row.try_get("metadata")?;
        let usage: Option<Encoded<Usage>> = row.try_get("usage")?;
        let timing: Option<Encoded<Timing>> = row.try_get("timing")?;
        let failure: Option<Encoded<Failure>> = row.try_get("failure")?;
        Ok(Self {
            id: stored_name::read(row, "response_id")?,
            status: stored_name::read(row, "status")?,
            model: row.try_get("model")?,
            background: row.try_get("background")?,
            retention: stored_name::read(row, "retention")?,
            conversation: stored_name::read_optional(row, "conversation_id")?,
            previous: stored_name::read_optional(row, "previous_response_id")?,
            node: stored_name::read_optional(row, "node_id")?,
            epoch: row.try_get("epoch")?,
            request: json(row, "request")?,
            input: json(row, "input")?,
            output: json(row, "output")?,
            metadata,
            created_at: row.try_get("created_at")?,
            ended_at: row.try_get("ended_at")?,
            usage: usage.map(|read| read.0),
            timing: timing.map(|read| read.0),
            incomplete: stored_name::read_optional(row, "incomplete_reason")?,
            failure: failure.map(|read| read.0),
        })
    }
}

fn json(row: &PgRow, column: &str) -> Result<Option<Json>, sqlx::Error> {
    let text: Option<String> = row.try_get(column)?;
    let read = text.map(Json::parse).transpose();
    read.map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    })
}
