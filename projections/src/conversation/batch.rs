//! Many conversations at once, each by one statement: what a page of them needs.

use std::collections::HashMap;

use jan_domain::caller::Owner;
use jan_domain::id::ConversationId;
use sqlx::{FromRow as _, QueryBuilder, Row as _};

use super::reader::ConversationReader;
use super::rows::{ConversationRow, ItemRow};
use crate::cursor::{Order, Page};
use crate::error::ReadError;
use crate::projection::column;

/// Which items of which conversation are wanted: those beyond a place, by their place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemsWanted {
    /// Whose items.
    pub conversation: ConversationId,
    /// Begin beyond the item with this sequence number, whether or not it is still there.
    pub beyond: Option<i64>,
}

impl ConversationReader {
    /// Those of these conversations that are the owner's.
    pub async fn find_many(
        &self,
        owner: &Owner,
        ids: &[ConversationId],
    ) -> Result<Vec<ConversationRow>, ReadError> {
        let sql = r"
            select conversation_id, title, referrer, metadata, created_at, updated_at
              from conversations
             where conversation_id = any($1)
               and tenant_id = $2
               and account_id = $3";
        let rows = sqlx::query_as(sql)
            .bind(column(ids, ConversationId::as_str))
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_all(&self.pool)
            .await?;
        Ok(rows)
    }

    /// A page of the items of each of these conversations, as far as they are the owner's. One that
    /// has none there is left out.
    pub async fn items_of_many(
        &self,
        owner: &Owner,
        wanted: &[ItemsWanted],
        (limit, order): (usize, Order),
    ) -> Result<HashMap<ItemsWanted, Page<ItemRow>>, ReadError> {
        let places: Vec<i64> = (0..).take(wanted.len()).collect();
        let mut query = QueryBuilder::new(
            "select wanted.place, item.item_id, item.ordinal, item.body, item.created_at \
               from unnest(",
        );
        query
            .push_bind(places)
            .push("::bigint[], ")
            .push_bind(column(wanted, |one| one.conversation.as_str()))
            .push("::text[], ")
            .push_bind(column(wanted, |one| one.beyond))
            .push("::bigint[]) as wanted (place, conversation_id, beyond)")
            .push(" join conversations as own using (conversation_id)")
            .push(" cross join lateral (select item_id, ordinal, body, created_at")
            .push(" from conversation_items as held")
            .push(" where held.conversation_id = wanted.conversation_id")
            .push(" and (wanted.beyond is null or ordinal")
            .push(order.beyond())
            .push("wanted.beyond) order by ordinal ")
            .push(order.direction())
            .push(" limit ")
            .push_bind(i64::try_from(limit + 1).expect("a page is small"))
            .push(") as item where own.tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and own.account_id = ")
            .push_bind(owner.account.as_str())
            .push(" order by wanted.place, item.ordinal ")
            .push(order.direction());
        let rows = query.build().fetch_all(&self.pool).await?;
        let mut found: HashMap<ItemsWanted, Vec<ItemRow>> = HashMap::new();
        for row in rows {
            let place: i64 = row.try_get("place")?;
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            if let Some(one) = wanted.get(place) {
                let item = ItemRow::from_row(&row)?;
                found.entry(one.clone()).or_default().push(item);
            }
        }
        let pages = found.into_iter();
        Ok(pages
            .map(|(one, rows)| (one, Page::cut(rows, limit)))
            .collect())
    }
}
