use chrono::NaiveDate;
use sqlx::PgConnection;

use super::ledger::{Counts, Ledger};
use crate::projection::{column, each_found};

/// Where each ended call is booked, in the same order.
pub(super) async fn close(
    connection: &mut PgConnection,
    ended: &[(String, Counts)],
) -> Result<Vec<Ledger>, sqlx::Error> {
    let sql = r"
        delete from usage_open_calls
         where response_id = any($1)
        returning response_id, tenant_id, account_id, model, day";
    let mut closed: Vec<(String, String, String, String, NaiveDate)> = sqlx::query_as(sql)
        .bind(column(ended, |(id, _)| id.as_str()))
        .fetch_all(connection)
        .await?;
    each_found(ended.len(), closed.len() as u64)?;
    // `ended` comes out of a map that is ordered by id.
    closed.sort_unstable();
    let ledgers = closed
        .into_iter()
        .map(|(_, tenant, account, model, day)| Ledger {
            tenant,
            account,
            model,
            day,
        });
    Ok(ledgers.collect())
}

/// Keeps where calls are booked that have not ended.
pub(super) async fn remember(
    connection: &mut PgConnection,
    open: &[(String, Ledger)],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into usage_open_calls (response_id, tenant_id, account_id, model, day)
        select *
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[])";
    sqlx::query(sql)
        .bind(column(open, |(id, _)| id.as_str()))
        .bind(column(open, |(_, ledger)| ledger.tenant.as_str()))
        .bind(column(open, |(_, ledger)| ledger.account.as_str()))
        .bind(column(open, |(_, ledger)| ledger.model.as_str()))
        .bind(column(open, |(_, ledger)| ledger.day))
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds the counts to the ledgers.
pub(super) async fn book(
    connection: &mut PgConnection,
    rows: &[(Ledger, Counts)],
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("book.sql"))
        .bind(column(rows, |(ledger, _)| ledger.tenant.as_str()))
        .bind(column(rows, |(ledger, _)| ledger.account.as_str()))
        .bind(column(rows, |(ledger, _)| ledger.model.as_str()))
        .bind(column(rows, |(ledger, _)| ledger.day))
        .bind(column(rows, |(_, counts)| counts.requests))
        .bind(column(rows, |(_, counts)| counts.completed))
        .bind(column(rows, |(_, counts)| counts.incomplete))
        .bind(column(rows, |(_, counts)| counts.failed))
        .bind(column(rows, |(_, counts)| counts.input_tokens))
        .bind(column(rows, |(_, counts)| counts.cached_tokens))
        .bind(column(rows, |(_, counts)| counts.output_tokens))
        .bind(column(rows, |(_, counts)| counts.reasoning_tokens))
        .execute(connection)
        .await?;
    Ok(())
}
