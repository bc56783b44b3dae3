use chrono::{DateTime, Utc};
use jan_domain::id::StepId;
use jan_domain::response::run::{StepOutcome, Work};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use crate::stored_name;

/// A step of a run as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Its id.
    pub id: StepId,
    /// Its place among the steps, from 0.
    pub index: i32,
    /// What was to be done.
    pub work: Work,
    /// How far it got. A run's last question to its model ends with the run.
    pub status: StepStatus,
    /// What came of it.
    pub outcome: Option<StepOutcome>,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it took.
    pub took_ms: Option<i64>,
}

/// How far a step got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its outcome is not known yet.
    InProgress,
    /// It gave something.
    Succeeded,
    /// It gave nothing.
    Failed,
    /// Nobody knows whether it happened.
    Unknown,
}

impl StepStatus {
    /// The stored and answered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl<'r> FromRow<'r, PgRow> for StepRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let work: &str = row.try_get("work")?;
        let outcome: Option<&str> = row.try_get("outcome")?;
        Ok(Self {
            id: stored_name::read(row, "step_id")?,
            index: row.try_get("index")?,
            work: parse("work", work)?,
            status: stored_name::read(row, "status")?,
            outcome: outcome.map(|text| parse("outcome", text)).transpose()?,
            planned_at: row.try_get("planned_at")?,
            ended_at: row.try_get("ended_at")?,
            took_ms: row.try_get("took_ms")?,
        })
    }
}

fn parse<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    })
}
