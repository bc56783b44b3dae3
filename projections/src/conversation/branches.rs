use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::ConversationId;

use super::change::ConversationChange;
use super::reader::ConversationReader;
use crate::error::ReadError;

/// A conversation in the tree of its forks.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BranchRow {
    /// Its id.
    #[sqlx(rename = "conversation_id", try_from = "String")]
    pub id: ConversationId,
    /// What it is called.
    pub title: Option<String>,
    /// What it was forked from, which may be gone.
    pub forked_from: Option<String>,
    /// The version of that one that was copied.
    pub forked_version: Option<i64>,
    /// The last item that was copied.
    pub forked_item: Option<String>,
    /// Where all these forks began, unless it began there itself.
    pub root_id: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Most conversations of one tree that are shown.
const BRANCHES_MAX: i64 = 1_000;

impl ConversationReader {
    /// All conversations of the tree that one belongs to, oldest first; none when there is no such
    /// conversation.
    pub async fn branches(
        &self,
        owner: &Owner,
        id: &ConversationId,
    ) -> Result<Vec<BranchRow>, ReadError> {
        let sql = r"
            with root as (
                select coalesce(root_id, conversation_id) as id
                  from conversations
                 where conversation_id = $1
                   and tenant_id = $2
                   and account_id = $3
            )
            select conversation_id, title, forked_from, forked_version, forked_item, root_id,
                   created_at, updated_at
              from conversations, root
             where (conversation_id = root.id or root_id = root.id)
               and tenant_id = $2
               and account_id = $3
             order by created_at, conversation_id
             limit $4";
        let rows = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(BRANCHES_MAX)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows)
    }
}

/// Where a conversation was forked from, as columns.
impl ConversationChange {
    pub(super) fn forked_from(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.from.as_str())
    }

    pub(super) fn forked_version(&self) -> Option<i64> {
        self.origin.as_ref().map(|origin| origin.version)
    }

    pub(super) fn forked_item(&self) -> Option<&str> {
        let item = self.origin.as_ref()?.item.as_ref();
        item.map(jan_domain::id::ItemId::as_str)
    }

    pub(super) fn root(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.root.as_str())
    }
}
