use jan_domain::UserMetadata;
use jan_domain::conversation::LiveConversation;
use jan_domain::id::ConversationId;
use jan_projections::ConversationRow;
use serde::Serialize;
use utoipa::ToSchema;

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
    pub(super) fn of(id: ConversationId, live: LiveConversation) -> Self {
        Self {
            id,
            object: "conversation",
            created_at: live.created_at.timestamp(),
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
