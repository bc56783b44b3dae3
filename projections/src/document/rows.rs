use std::collections::BTreeMap;

use sqlx::PgConnection;
use sqlx::types::Json;

use super::change::{DocumentChange, Kept, NewPassage};
use crate::projection::{column, each_found};

/// Brings the tables to where the changes lead. A text that was there before is gone first.
pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, DocumentChange>,
) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    delete(connection, changes).await?;
    let kept = changes.iter();
    let kept: Vec<(&String, &Kept)> = kept
        .filter_map(|(id, change)| Some((id, change.kept.as_ref()?)))
        .collect();
    let passages: Vec<Vec<NewPassage<'_>>> =
        kept.iter().map(|(id, kept)| kept.passages(id)).collect();
    insert(connection, &kept, &passages).await?;
    for passages in passages {
        insert_passages(connection, &passages).await?;
    }
    Ok(())
}

async fn delete(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, DocumentChange>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<&String> = changes.keys().collect();
    let sql = "delete from document_passages where document_id = any($1)";
    sqlx::query(sql)
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let sql = "delete from documents where document_id = any($1) returning document_id";
    let deleted: Vec<String> = sqlx::query_scalar(sql)
        .bind(&ids)
        .fetch_all(connection)
        .await?;
    let removed = changes.iter().filter(|(_, change)| change.began_elsewhere);
    let removed: Vec<&String> = removed.map(|(id, _)| id).collect();
    let found = removed.iter().filter(|id| deleted.contains(id)).count();
    each_found(removed.len(), found as u64)
}

async fn insert(
    connection: &mut PgConnection,
    rows: &[(&String, &Kept)],
    passages: &[Vec<NewPassage<'_>>],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        insert into documents
               (document_id, tenant_id, account_id, name, metadata, tags, collection, attributes,
                text_bytes, passages, indexed_at)
        select *
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[],
                      $7::text[], $8::jsonb[], $9::integer[], $10::integer[],
                      $11::timestamptz[])";
    sqlx::query(sql)
        .bind(column(rows, |(id, _)| id.as_str()))
        .bind(column(rows, |(_, kept)| kept.owner.tenant.as_str()))
        .bind(column(rows, |(_, kept)| kept.owner.account.as_str()))
        .bind(column(rows, |(_, kept)| kept.name.as_str()))
        .bind(column(rows, |(_, kept)| Json(&kept.content.metadata)))
        .bind(column(rows, |(_, kept)| Json(&kept.content.tags)))
        .bind(column(rows, |(_, kept)| kept.content.collection.as_deref()))
        .bind(column(rows, |(_, kept)| Json(&kept.content.attributes)))
        .bind(column(rows, |(_, kept)| kept.text_bytes()))
        .bind(column(passages, |of_one| {
            i32::try_from(of_one.len()).expect("a text has a million bytes at most")
        }))
        .bind(column(rows, |(_, kept)| kept.at))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_passages(
    connection: &mut PgConnection,
    rows: &[NewPassage<'_>],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into document_passages
               (document_id, ordinal, tenant_id, account_id, body, body_hash)
        select *
          from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[])";
    sqlx::query(sql)
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.ordinal))
        .bind(column(rows, |row| row.owner.tenant.as_str()))
        .bind(column(rows, |row| row.owner.account.as_str()))
        .bind(column(rows, |row| row.body))
        .bind(column(rows, |row| row.body_hash.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}
