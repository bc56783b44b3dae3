use std::collections::BTreeMap;

use jan_domain::id::ConversationId;
use jan_domain::response::{Failure, Timing, Usage};
use sqlx::PgConnection;
use sqlx::types::Json as Encoded;

use super::change::{Closed, Opened, ResponseChange};
use super::rows::ResponseStatus;
use crate::projection::{column, each_found};

/// Brings the table to where the changes lead.
pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, ResponseChange>,
) -> Result<(), sqlx::Error> {
    let mut opened = Vec::new();
    let mut updated = Vec::new();
    let mut deleted = Vec::new();
    for (id, change) in changes {
        match (&change.opened, change.deleted) {
            (Some(_), true) => {}
            (Some(row), false) => opened.push((id, row, change)),
            (None, true) => deleted.push(id.as_str()),
            (None, false) => updated.push((id, change)),
        }
    }
    if !opened.is_empty() {
        insert(connection, &opened).await?;
    }
    if !updated.is_empty() {
        update(connection, &updated).await?;
    }
    if !deleted.is_empty() {
        delete(connection, &deleted).await?;
    }
    Ok(())
}

type NewRow<'c> = (&'c String, &'c Opened, &'c ResponseChange);

async fn insert(connection: &mut PgConnection, rows: &[NewRow<'_>]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("insert.sql"))
        .bind(column(rows, |(id, ..)| id.as_str()))
        .bind(column(rows, |(_, row, _)| row.call.owner.tenant.as_str()))
        .bind(column(rows, |(_, row, _)| row.call.owner.account.as_str()))
        .bind(column(rows, |(_, row, _)| row.call.surface.as_str()))
        .bind(column(rows, |(.., change)| {
            status(change).unwrap_or(IN_PROGRESS)
        }))
        .bind(column(rows, |(_, row, _)| row.call.model.as_str()))
        .bind(column(rows, |(_, row, _)| row.call.node.as_str()))
        .bind(column(rows, |(_, row, _)| conversation(row)))
        .bind(column(rows, |(_, row, _)| row.call.retention.as_str()))
        .bind(column(rows, |(_, row, _)| request(row)))
        .bind(column(rows, |(_, row, _)| row.at))
        .bind(column(rows, |(.., change)| {
            change.metadata.as_ref().map(Encoded)
        }))
        .bind(column(rows, |(.., change)| answer(change)))
        .bind(column(rows, |(.., change)| {
            change.closed.as_ref().map(|end| end.at)
        }))
        .bind(column(rows, |(.., change)| {
            tokens(change, |usage| usage.input_tokens)
        }))
        .bind(column(rows, |(.., change)| {
            tokens(change, |usage| usage.cached_tokens)
        }))
        .bind(column(rows, |(.., change)| {
            tokens(change, |usage| usage.output_tokens)
        }))
        .bind(column(rows, |(.., change)| {
            tokens(change, |usage| usage.reasoning_tokens)
        }))
        .bind(column(rows, |(.., change)| {
            millis(change, |timing| timing.first_token_ms)
        }))
        .bind(column(rows, |(.., change)| {
            millis(change, |timing| timing.total_ms)
        }))
        .bind(column(rows, |(.., change)| {
            failure(change, |failure| failure.kind.as_str())
        }))
        .bind(column(rows, |(.., change)| {
            failure(change, |failure| &failure.message)
        }))
        .execute(connection)
        .await?;
    Ok(())
}

async fn update(
    connection: &mut PgConnection,
    rows: &[(&String, &ResponseChange)],
) -> Result<(), sqlx::Error> {
    let updated = sqlx::query(include_str!("update.sql"))
        .bind(column(rows, |(id, _)| id.as_str()))
        .bind(column(rows, |(_, change)| status(change)))
        .bind(column(rows, |(_, change)| {
            change.metadata.as_ref().map(Encoded)
        }))
        .bind(column(rows, |(_, change)| answer(change)))
        .bind(column(rows, |(_, change)| {
            change.closed.as_ref().map(|end| end.at)
        }))
        .bind(column(rows, |(_, change)| {
            tokens(change, |usage| usage.input_tokens)
        }))
        .bind(column(rows, |(_, change)| {
            tokens(change, |usage| usage.cached_tokens)
        }))
        .bind(column(rows, |(_, change)| {
            tokens(change, |usage| usage.output_tokens)
        }))
        .bind(column(rows, |(_, change)| {
            tokens(change, |usage| usage.reasoning_tokens)
        }))
        .bind(column(rows, |(_, change)| {
            millis(change, |timing| timing.first_token_ms)
        }))
        .bind(column(rows, |(_, change)| {
            millis(change, |timing| timing.total_ms)
        }))
        .bind(column(rows, |(_, change)| {
            failure(change, |failure| failure.kind.as_str())
        }))
        .bind(column(rows, |(_, change)| {
            failure(change, |failure| &failure.message)
        }))
        .execute(connection)
        .await?;
    each_found(rows.len(), updated.rows_affected())
}

async fn delete(connection: &mut PgConnection, ids: &[&str]) -> Result<(), sqlx::Error> {
    let sql = "delete from responses where response_id = any($1)";
    let deleted = sqlx::query(sql).bind(ids).execute(connection).await?;
    each_found(ids.len(), deleted.rows_affected())
}

pub(super) const IN_PROGRESS: &str = ResponseStatus::InProgress.as_str();

pub(super) fn conversation(row: &Opened) -> Option<&str> {
    row.call.conversation.as_ref().map(ConversationId::as_str)
}

pub(super) fn request(row: &Opened) -> Option<&str> {
    row.call.is_stored_chat().then(|| row.call.request.text())
}

pub(super) fn status(change: &ResponseChange) -> Option<&'static str> {
    change.closed.as_ref().map(|end| end.status.as_str())
}

pub(super) fn answer(change: &ResponseChange) -> Option<&str> {
    change.closed.as_ref()?.answer.as_deref()
}

pub(super) fn tokens(change: &ResponseChange, count: fn(&Usage) -> u64) -> Option<i64> {
    let usage = change.closed.as_ref()?.usage.as_ref()?;
    Some(bounded(count(usage)))
}

pub(super) fn millis(change: &ResponseChange, duration: fn(&Timing) -> u64) -> Option<i64> {
    let Closed { timing, .. } = change.closed.as_ref()?;
    Some(bounded(duration(timing)))
}

pub(super) fn failure(change: &ResponseChange, text: fn(&Failure) -> &str) -> Option<&str> {
    change.closed.as_ref()?.failure.as_ref().map(text)
}

/// A provider may claim any number of tokens; a column holds 63 bits of them.
fn bounded(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
