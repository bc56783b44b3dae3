use chrono::{DateTime, Utc};
use jan_domain::account::AccountEvent as E;
use jan_domain::caller::{CallerKind, Owner};
use jan_domain::history::Event;
use sqlx::PgConnection;

use super::reader::kind_name;
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table, column};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here. What of theirs was set aside is in no order with
/// that, and its reasons may quote it.
const ERASE: &[&str] = &[
    r"
    delete from closed_sessions as session
     using accounts as row
     where row.account_id = session.account_id
       and (row.tenant_id, row.account_id)
           in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from accounts
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from parked_events as parked
     using events
     where events.position = parked.position
       and (events.tenant_id, events.owner_id)
           in (select * from unnest($1::text[], $2::text[]))",
];

/// What a stretch of history changes about accounts.
#[derive(Default)]
pub(crate) struct AccountChanges {
    created: Vec<Created>,
    closed: Vec<ClosedSession>,
    erased: ErasedOwners,
}

struct Created {
    owner: Owner,
    username: String,
    at: DateTime<Utc>,
}

struct ClosedSession {
    session: String,
    account: String,
    at: DateTime<Utc>,
}

impl Changes for AccountChanges {
    const NAME: &'static str = "accounts";
    const VERSION: i32 = 1;
    const TABLES: &'static [Table] = &[
        Table::by("accounts", "account_id"),
        Table::by("closed_sessions", "account_id"),
    ];
    const COURSE: Course = Course::Copied(Streams::of("account"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Account(event) = event else {
            return;
        };
        match event {
            E::GuestCreated {
                owner,
                username,
                at,
            } => self.created.push(Created {
                owner: owner.clone(),
                username: username.clone(),
                at: *at,
            }),
            E::SessionClosed { session, at, .. } => self.closed.push(ClosedSession {
                session: session.to_string(),
                account: id.to_owned(),
                at: *at,
            }),
            E::SessionOpened { .. } | E::SessionRefreshed { .. } | E::Erased { .. } => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.created.is_empty() && self.closed.is_empty() && self.erased.is_empty()
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.created.is_empty() {
            insert_accounts(connection, &self.created).await?;
        }
        if !self.closed.is_empty() {
            insert_closed_sessions(connection, &self.closed).await?;
        }
        self.erased.delete(connection, ERASE).await
    }

    fn copy(&self, rows: &mut CopyRows) {
        for row in &self.created {
            rows.row("accounts (account_id, tenant_id, username, kind, created_at)")
                .text(row.owner.account.as_str())
                .text(row.owner.tenant.as_str())
                .text(&row.username)
                .text(kind_name(CallerKind::Guest))
                .time(row.at)
                .end();
        }
        for row in &self.closed {
            rows.row("closed_sessions (session_id, account_id, closed_at)")
                .text(&row.session)
                .text(&row.account)
                .time(row.at)
                .end();
        }
    }
}

async fn insert_accounts(
    connection: &mut PgConnection,
    rows: &[Created],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into accounts (account_id, tenant_id, username, created_at, kind)
        select row.*, $5
          from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as row";
    sqlx::query(sql)
        .bind(column(rows, |row| row.owner.account.as_str()))
        .bind(column(rows, |row| row.owner.tenant.as_str()))
        .bind(column(rows, |row| row.username.as_str()))
        .bind(column(rows, |row| row.at))
        .bind(kind_name(CallerKind::Guest))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_closed_sessions(
    connection: &mut PgConnection,
    rows: &[ClosedSession],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into closed_sessions (session_id, account_id, closed_at)
        select *
          from unnest($1::text[], $2::text[], $3::timestamptz[])";
    sqlx::query(sql)
        .bind(column(rows, |row| row.session.as_str()))
        .bind(column(rows, |row| row.account.as_str()))
        .bind(column(rows, |row| row.at))
        .execute(connection)
        .await?;
    Ok(())
}
