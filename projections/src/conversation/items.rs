use jan_domain::caller::Owner;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::json::Json;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, QueryBuilder, Row};

use super::reader::ConversationReader;
use super::rows::ItemRow;
use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

impl FromRow<'_, PgRow> for ItemRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let decode = |index: &str, source: Box<dyn std::error::Error + Send + Sync>| {
            sqlx::Error::ColumnDecode {
                index: index.to_owned(),
                source,
            }
        };
        Ok(Self {
            id: ItemId::parse(row.try_get("item_id")?)
                .map_err(|error| decode("item_id", error.into()))?,
            sequence_number: row.try_get("ordinal")?,
            body: Json::parse(row.try_get("body")?)
                .map_err(|error| decode("body", error.into()))?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl ConversationReader {
    /// One item of one conversation.
    pub async fn find_item(
        &self,
        owner: &Owner,
        conversation: &ConversationId,
        item: &ItemId,
    ) -> Result<Option<ItemRow>, ReadError> {
        let sql = r"
            select item.item_id, item.ordinal, item.body, item.created_at
              from conversation_items as item
              join conversations using (conversation_id)
             where conversation_id = $1
               and tenant_id = $2
               and account_id = $3
               and item_id = $4";
        let row = sqlx::query_as(sql)
            .bind(conversation.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(item.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row)
    }

    /// A conversation's items in the order they were added; `None` when there is no such
    /// conversation.
    pub async fn list_items(
        &self,
        owner: &Owner,
        conversation: &ConversationId,
        request: &PageRequest<ItemId>,
    ) -> Result<Option<Page<ItemRow>>, ListError> {
        if self.find(owner, conversation).await?.is_none() {
            return Ok(None);
        }
        let mut query = QueryBuilder::new(
            "select item_id, ordinal, body, created_at \
               from conversation_items \
              where conversation_id = ",
        );
        query.push_bind(conversation.as_str());
        if let Some(after) = &request.after {
            let item = self.find_item(owner, conversation, after).await?;
            let item = item.ok_or_else(|| ListError::UnknownCursor(after.to_string()))?;
            query
                .push(" and ordinal")
                .push(request.order.beyond())
                .push_bind(item.sequence_number);
        }
        query.push(format_args!(
            " order by ordinal {}",
            request.order.direction()
        ));
        request.push_limit(&mut query);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(Some(Page::cut(rows, request.limit())))
    }
}
