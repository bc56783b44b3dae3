use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::json::Json;
use jan_domain::user_metadata::UserMetadata;
use sqlx::PgConnection;
use sqlx::types::Json as Encoded;

use super::change::{ConversationChange, NewItem};
use crate::projection::{column, each_found};

/// A conversation as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConversationRow {
    /// Its id.
    #[sqlx(rename = "conversation_id", try_from = "String")]
    pub id: ConversationId,
    /// What it is called.
    pub title: Option<String>,
    /// Where it came from, in the client's words.
    pub referrer: Option<String>,
    /// The client's own pairs.
    #[sqlx(json)]
    pub metadata: UserMetadata,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// An item as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// Unique within the conversation.
    pub id: ItemId,
    /// Its place among all items ever added, from 1. Never given out twice.
    pub sequence_number: i64,
    /// The whole item, id included, as it goes on the wire.
    pub body: Json,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

type Changed<'c> = (&'c String, &'c ConversationChange);

/// Brings the tables to where the changes lead.
pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, ConversationChange>,
) -> Result<(), sqlx::Error> {
    let (gone, live): (Vec<Changed<'_>>, Vec<Changed<'_>>) =
        changes.iter().partition(|(_, change)| change.deleted);
    let mut created = Vec::new();
    let mut updated = Vec::new();
    for (id, change) in live {
        match &change.created {
            Some((owner, at)) => created.push(Created {
                id,
                owner,
                at: *at,
                change,
            }),
            None => updated.push((id, change)),
        }
    }
    insert(connection, &created).await?;
    let bases = update(connection, &updated).await?;
    let known = created.iter().map(|row| (row.id, row.change, 0));
    let items = known
        .chain(
            updated
                .iter()
                .zip(bases)
                .map(|((id, change), base)| (*id, *change, base)),
        )
        .flat_map(|(id, change, base)| change.items.kept.iter().map(move |item| (id, item, base)));
    insert_items(connection, &items.collect::<Vec<_>>()).await?;
    delete_items(connection, &updated).await?;
    delete(connection, &gone).await
}

struct Created<'c> {
    id: &'c String,
    owner: &'c Owner,
    at: DateTime<Utc>,
    change: &'c ConversationChange,
}

async fn insert(connection: &mut PgConnection, rows: &[Created<'_>]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        insert into conversations
               (conversation_id, tenant_id, account_id, title, referrer, metadata, items_added,
                created_at, updated_at, forked_from, forked_version, forked_item, root_id)
        select *
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[],
                      $7::bigint[], $8::timestamptz[], $9::timestamptz[], $10::text[],
                      $11::bigint[], $12::text[], $13::text[])";
    sqlx::query(sql)
        .bind(column(rows, |row| row.id.as_str()))
        .bind(column(rows, |row| row.owner.tenant.as_str()))
        .bind(column(rows, |row| row.owner.account.as_str()))
        .bind(column(rows, |row| row.change.title.as_deref()))
        .bind(column(rows, |row| row.change.referrer.as_deref()))
        .bind(column(rows, |row| {
            row.change.metadata.as_ref().map(Encoded)
        }))
        .bind(column(rows, |row| row.change.items.added))
        .bind(column(rows, |row| row.at))
        .bind(column(rows, |row| row.change.updated_at))
        .bind(column(rows, |row| row.change.forked_from()))
        .bind(column(rows, |row| row.change.forked_version()))
        .bind(column(rows, |row| row.change.forked_item()))
        .bind(column(rows, |row| row.change.root()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Answers how many items each had before.
async fn update(
    connection: &mut PgConnection,
    rows: &[Changed<'_>],
) -> Result<Vec<i64>, sqlx::Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = r"
        update conversations as row
           set title = coalesce(change.title, row.title),
               referrer = coalesce(change.referrer, row.referrer),
               metadata = coalesce(change.metadata, row.metadata),
               items_added = row.items_added + change.items_added,
               updated_at = change.updated_at,
               forked_from = coalesce(change.forked_from, row.forked_from),
               forked_version = coalesce(change.forked_version, row.forked_version),
               forked_item = coalesce(change.forked_item, row.forked_item),
               root_id = coalesce(change.root_id, row.root_id)
          from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[],
                      $6::timestamptz[], $7::text[], $8::bigint[], $9::text[], $10::text[])
               as change (id, title, referrer, metadata, items_added, updated_at, forked_from,
                          forked_version, forked_item, root_id)
         where row.conversation_id = change.id
        returning row.conversation_id, row.items_added - change.items_added";
    let found: BTreeMap<String, i64> = sqlx::query_as(sql)
        .bind(column(rows, |(id, _)| id.as_str()))
        .bind(column(rows, |(_, change)| change.title.as_deref()))
        .bind(column(rows, |(_, change)| change.referrer.as_deref()))
        .bind(column(rows, |(_, change)| {
            change.metadata.as_ref().map(Encoded)
        }))
        .bind(column(rows, |(_, change)| change.items.added))
        .bind(column(rows, |(_, change)| change.updated_at))
        .bind(column(rows, |(_, change)| change.forked_from()))
        .bind(column(rows, |(_, change)| change.forked_version()))
        .bind(column(rows, |(_, change)| change.forked_item()))
        .bind(column(rows, |(_, change)| change.root()))
        .fetch_all(connection)
        .await?
        .into_iter()
        .collect();
    let bases = rows.iter().map(|(id, _)| found.get(*id).copied());
    bases.collect::<Option<_>>().ok_or(sqlx::Error::RowNotFound)
}

async fn insert_items(
    connection: &mut PgConnection,
    rows: &[(&String, &NewItem, i64)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        insert into conversation_items (conversation_id, ordinal, item_id, body, created_at)
        select *
          from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])";
    sqlx::query(sql)
        .bind(column(rows, |(id, ..)| id.as_str()))
        .bind(column(rows, |(_, item, base)| base + item.place))
        .bind(column(rows, |(_, item, _)| item.id.as_str()))
        .bind(column(rows, |(_, item, _)| item.body.as_str()))
        .bind(column(rows, |(_, item, _)| item.at))
        .execute(connection)
        .await?;
    Ok(())
}

async fn delete_items(
    connection: &mut PgConnection,
    changed: &[Changed<'_>],
) -> Result<(), sqlx::Error> {
    let rows: Vec<(&String, &ItemId)> = changed
        .iter()
        .flat_map(|(id, change)| change.items.deleted.iter().map(move |item| (*id, item)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        delete from conversation_items as row
         using unnest($1::text[], $2::text[]) as gone (conversation_id, item_id)
         where row.conversation_id = gone.conversation_id
           and row.item_id = gone.item_id";
    let deleted = sqlx::query(sql)
        .bind(column(&rows, |(id, _)| id.as_str()))
        .bind(column(&rows, |(_, item)| item.as_str()))
        .execute(connection)
        .await?;
    each_found(rows.len(), deleted.rows_affected())
}

async fn delete(connection: &mut PgConnection, gone: &[Changed<'_>]) -> Result<(), sqlx::Error> {
    let ids: Vec<&str> = gone
        .iter()
        .filter(|(_, change)| change.created.is_none())
        .map(|(id, _)| id.as_str())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "delete from conversation_items where conversation_id = any($1)";
    sqlx::query(sql)
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let sql = "delete from conversations where conversation_id = any($1)";
    let deleted = sqlx::query(sql).bind(&ids).execute(connection).await?;
    each_found(ids.len(), deleted.rows_affected())
}
