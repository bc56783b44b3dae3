//! One conversation's stream, for whoever follows it.

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ConversationId;

use super::reader::ConversationReader;
use crate::error::ReadError;

/// Most events of one look.
const EVENTS_MAX: i64 = 100;

/// An event of a conversation as its owner may see it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ConversationChange {
    /// The conversation's version after it: its place in the stream, from 1.
    pub version: i64,
    /// The type of the event, such as `ConversationTitleChanged`.
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it tells, under the name of its variant.
    #[sqlx(json)]
    pub payload: serde_json::Value,
}

impl ConversationReader {
    /// What happened to one of the owner's conversations after `version`, in order; a part of it
    /// when it is much. Reads the stream itself, so it waits for no projection.
    pub async fn changes_after(
        &self,
        owner: &Owner,
        id: &ConversationId,
        version: i64,
    ) -> Result<Vec<ConversationChange>, ReadError> {
        let sql = r"
            select sequence as version, event_type, recorded_at, payload
              from events
             where aggregate_type = 'conversation'
               and aggregate_id = $1
               and sequence > $2
               and tenant_id = $3
               and owner_id = $4
             order by sequence
             limit $5";
        let changes = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(version)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(EVENTS_MAX)
            .fetch_all(&self.pool)
            .await?;
        Ok(changes)
    }
}
