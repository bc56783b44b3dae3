use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::change::{Began, MediaChange, Stand};
use crate::projection::{column, each_found};

/// Brings the table to where the changes lead. A life that is over is gone before the next begins.
pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, MediaChange>,
) -> Result<(), sqlx::Error> {
    delete(connection, changes).await?;
    insert(connection, changes).await?;
    update(connection, changes).await
}

async fn delete(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, MediaChange>,
) -> Result<(), sqlx::Error> {
    let old = changes.iter();
    let old = old.filter(|(_, change)| change.began.is_some() || change.stand.is_none());
    let old = old.filter(|(_, change)| change.began_elsewhere);
    let ids: Vec<&String> = old.map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let deleted = sqlx::query("delete from media where media_id = any($1)")
        .bind(&ids)
        .execute(connection)
        .await?;
    each_found(ids.len(), deleted.rows_affected())
}

async fn insert(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, MediaChange>,
) -> Result<(), sqlx::Error> {
    let begun = changes.iter().filter_map(|(id, change)| {
        let (began, stand) = (change.began.as_ref()?, change.stand.as_ref()?);
        Some((id, began, stand, change))
    });
    let rows: Vec<(&String, &Began, &Stand, &MediaChange)> = begun.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        insert into media
               (media_id, tenant_id, account_id, state, due_at, file_name, purpose, media_type,
                bytes, sha256, width, height, created_at)
        select *
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                      $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[],
                      $11::integer[], $12::integer[], $13::timestamptz[])";
    sqlx::query(sql)
        .bind(column(&rows, |(id, ..)| id.as_str()))
        .bind(column(&rows, |(_, began, ..)| began.owner.tenant.as_str()))
        .bind(column(&rows, |(_, began, ..)| began.owner.account.as_str()))
        .bind(column(&rows, |(_, _, stand, _)| stand.state))
        .bind(column(&rows, |(_, _, stand, _)| stand.due_at))
        .bind(column(&rows, |(_, began, ..)| began.label.name()))
        .bind(column(&rows, |(_, began, ..)| began.label.purpose.as_str()))
        .bind(column(&rows, |(.., change)| change.media_type()))
        .bind(column(&rows, |(.., change)| change.bytes()))
        .bind(column(&rows, |(.., change)| change.sha256()))
        .bind(column(&rows, |(.., change)| change.width()))
        .bind(column(&rows, |(.., change)| change.height()))
        .bind(column(&rows, |(_, began, ..)| began.at))
        .execute(connection)
        .await?;
    Ok(())
}

async fn update(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, MediaChange>,
) -> Result<(), sqlx::Error> {
    let went_on = changes.iter().filter(|(_, change)| change.began.is_none());
    let rows = went_on.filter_map(|(id, change)| Some((id, change.stand.as_ref()?, change)));
    let rows: Vec<(&String, &Stand, &MediaChange)> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = r"
        update media as old
           set state = new.state,
               due_at = new.due_at,
               media_type = coalesce(new.media_type, old.media_type),
               bytes = coalesce(new.bytes, old.bytes),
               sha256 = coalesce(new.sha256, old.sha256),
               width = coalesce(new.width, old.width),
               height = coalesce(new.height, old.height)
          from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[],
                      $6::text[], $7::integer[], $8::integer[])
               as new (media_id, state, due_at, media_type, bytes, sha256, width, height)
         where old.media_id = new.media_id";
    let updated = sqlx::query(sql)
        .bind(column(&rows, |(id, ..)| id.as_str()))
        .bind(column(&rows, |(_, stand, _)| stand.state))
        .bind(column(&rows, |(_, stand, _)| stand.due_at))
        .bind(column(&rows, |(.., change)| change.media_type()))
        .bind(column(&rows, |(.., change)| change.bytes()))
        .bind(column(&rows, |(.., change)| change.sha256()))
        .bind(column(&rows, |(.., change)| change.width()))
        .bind(column(&rows, |(.., change)| change.height()))
        .execute(connection)
        .await?;
    each_found(rows.len(), updated.rows_affected())
}
