use chrono::{DateTime, Utc};
use jan_domain::conversation::LiveConversation;
use jan_domain::id::ConversationId;
use jan_domain::{Caller, UserMetadata};
use jan_projections::{Consistency, ConversationRow, Freshness, ReadModel, ReadModels};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// A conversation. Its items are listed apart.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConversationBody {
    /// `conv_…`
    #[schema(value_type = String)]
    id: ConversationId,
    /// `conversation`
    object: &'static str,
    /// Unix seconds.
    created_at: i64,
    /// The client's own pairs.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: UserMetadata,
    /// What it is called, once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Where it came from, in the client's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer: Option<String>,
}

impl ConversationBody {
    /// A conversation as a command left it.
    pub(super) fn of(id: ConversationId, live: LiveConversation, begun_at: DateTime<Utc>) -> Self {
        Self {
            id,
            object: "conversation",
            created_at: begun_at.timestamp(),
            metadata: live.metadata,
            title: live.title,
            referrer: live.referrer,
        }
    }
}

impl From<ConversationRow> for ConversationBody {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: row.id,
            object: "conversation",
            created_at: row.created_at.timestamp(),
            metadata: row.metadata,
            title: row.title,
            referrer: row.referrer,
        }
    }
}

/// When a conversation began. Its aggregate does not keep that, but the fact never changes, so a
/// read model that has it at all has it right.
pub(super) async fn begun_at(
    reads: &ReadModels,
    caller: &Caller,
    id: &ConversationId,
) -> Result<DateTime<Utc>, ApiError> {
    if let Some(row) = reads.conversations.find(&caller.owner, id).await? {
        return Ok(row.created_at);
    }
    let model = ReadModel::Conversations;
    let freshness = reads.barrier.reach(model, Consistency::Strong).await?;
    match reads.conversations.find(&caller.owner, id).await? {
        Some(row) => Ok(row.created_at),
        None if freshness == Freshness::Fresh => Err(ApiError::not_found("conversation", id)),
        None => Err(ApiError::not_ready(
            &["conversations are behind".to_owned()],
        )),
    }
}
