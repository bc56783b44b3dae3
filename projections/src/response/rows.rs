use chrono::{DateTime, Utc};
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::json::Json;
use jan_domain::response::{Answer, Failure, Retention, Surface, Timing, Usage};
use jan_domain::user_metadata::UserMetadata;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::types::Json as Encoded;
use sqlx::{FromRow, Row};

use crate::stored_name;

/// A response as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseRow {
    /// Its id.
    pub id: ResponseId,
    /// The door it came through.
    pub surface: Surface,
    /// How far it got.
    pub status: ResponseStatus,
    /// The model the client asked for.
    pub model: String,
    /// The conversation it continues.
    pub conversation: Option<ConversationId>,
    /// How much of it is kept.
    pub retention: Retention,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// What was asked; only under [`Retention::Stored`].
    pub request: Option<Json>,
    /// What was answered; only under [`Retention::Stored`].
    pub answer: Option<Answer>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it cost, once it ended with an answer.
    pub usage: Option<Usage>,
    /// How long it took, once it ended.
    pub timing: Option<Timing>,
    /// Why there is no answer, once it failed.
    pub failure: Option<Failure>,
}

/// How far a response got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// Its outcome is not known yet.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short on our side.
    Incomplete,
    /// Without an answer.
    Failed,
    /// Stopped by its caller.
    Cancelled,
}

impl ResponseStatus {
    /// The stored and answered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromRow<'_, PgRow> for ResponseRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let Encoded(metadata) = row.try_get("metadata")?;
        Ok(Self {
            id: stored_name::read(row, "response_id")?,
            surface: stored_name::read(row, "surface")?,
            status: stored_name::read(row, "status")?,
            model: row.try_get("model")?,
            conversation: stored_name::read_optional(row, "conversation_id")?,
            retention: stored_name::read(row, "retention")?,
            metadata,
            request: json(row, "request")?,
            answer: json(row, "answer")?,
            created_at: row.try_get("created_at")?,
            ended_at: row.try_get("ended_at")?,
            usage: usage(row)?,
            timing: timing(row)?,
            failure: failure(row)?,
        })
    }
}

fn json<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<Option<T>, sqlx::Error> {
    let text: Option<&str> = row.try_get(column)?;
    let read = text.map(serde_json::from_str).transpose();
    read.map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    })
}

fn usage(row: &PgRow) -> Result<Option<Usage>, sqlx::Error> {
    let Some(input_tokens) = count(row, "input_tokens")? else {
        return Ok(None);
    };
    Ok(Some(Usage {
        input_tokens,
        cached_tokens: count(row, "cached_tokens")?.unwrap_or(0),
        output_tokens: count(row, "output_tokens")?.unwrap_or(0),
        reasoning_tokens: count(row, "reasoning_tokens")?.unwrap_or(0),
    }))
}

fn timing(row: &PgRow) -> Result<Option<Timing>, sqlx::Error> {
    let first_token_ms = count(row, "first_token_ms")?;
    let total_ms = count(row, "total_ms")?;
    Ok(first_token_ms
        .zip(total_ms)
        .map(|(first_token_ms, total_ms)| Timing {
            first_token_ms,
            total_ms,
        }))
}

fn failure(row: &PgRow) -> Result<Option<Failure>, sqlx::Error> {
    let kind = stored_name::read_optional(row, "failure_kind")?;
    let message: Option<String> = row.try_get("failure_message")?;
    Ok(kind
        .zip(message)
        .map(|(kind, message)| Failure { kind, message }))
}

fn count(row: &PgRow, column: &str) -> Result<Option<u64>, sqlx::Error> {
    let count: Option<i64> = row.try_get(column)?;
    Ok(count.map(i64::unsigned_abs))
}
