//! One conversation's stream, for whoever follows it.

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ConversationId;
use jan_domain::sealed;
use serde_json::Value;

use super::reader::ConversationReader;
use crate::error::ReadError;
use crate::feed::{StoredEvent, open_stored};

/// Most events of one look.
const EVENTS_MAX: i64 = 100;

/// An event of a conversation as its owner may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationChange {
    /// The conversation's version after it: its place in the stream, from 1.
    pub version: i64,
    /// The type of the event, such as `ConversationTitleChanged`.
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it tells, under the name of its variant; null if nobody can open it any more.
    pub payload: Value,
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
            select position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                   payload::text, metadata::text, recorded_at
              from events
             where aggregate_type = 'conversation'
               and aggregate_id = $1
               and sequence > $2
               and tenant_id = $3
               and owner_id = $4
             order by sequence
             limit $5";
        let mut events: Vec<StoredEvent> = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(version)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(EVENTS_MAX)
            .fetch_all(&self.pool)
            .await?;
        open_stored(&mut events, self.keyring.as_ref()).await?;
        Ok(events.into_iter().map(ConversationChange::from).collect())
    }
}

impl From<StoredEvent> for ConversationChange {
    fn from(event: StoredEvent) -> Self {
        let open = sealed::find(&event.payload).is_none();
        let payload = open.then(|| serde_json::from_str(&event.payload).ok());
        Self {
            version: event.sequence,
            event_type: event.event_type,
            recorded_at: event.recorded_at,
            payload: payload.flatten().unwrap_or_default(),
        }
    }
}
