//! The lives of a read model: which of them answers reads, which is being built beside it, which
//! stands by, and where the tables of each are.

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions as _, PgConnection, PgPool};

use crate::projection::Definition;

/// A log of more positions is not folded event by event when there is nothing yet.
const LONG_LOG: i64 = 50_000;

/// What a generation is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is being made.
    Building,
    /// It answers reads.
    Live,
    /// It was live before, and follows the log in case it has to be again.
    Standby,
    /// It could not be made.
    Failed,
}

impl Status {
    /// The stored and answered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Live => "live",
            Self::Standby => "standby",
            Self::Failed => "failed",
        }
    }
}

/// A status that no version of ours has written.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no status of a projection")]
pub struct UnknownStatus(String);

impl TryFrom<String> for Status {
    type Error = UnknownStatus;

    fn try_from(name: String) -> Result<Self, UnknownStatus> {
        let all = [Self::Building, Self::Live, Self::Standby, Self::Failed];
        let found = all.into_iter().find(|status| status.as_str() == name);
        found.ok_or(UnknownStatus(name))
    }
}

/// Where the tables of a generation are that is not live.
pub(crate) fn schema_of(name: &str, generation: i32) -> String {
    format!("projection_{name}_{generation}")
}

/// Connections for which the tables' names mean those in `schema`, and that may take their time.
/// What they write can be made again, so nobody waits for the disk.
pub(crate) fn pool_in(schema: &str, pool: &PgPool, connections_max: u32) -> PgPool {
    let path = format!("{schema},public");
    // A statement of a build may be slow; that is nothing to warn of.
    let options = (*pool.connect_options())
        .clone()
        .disable_statement_logging();
    let options = options.options([
        ("search_path", path.as_str()),
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("synchronous_commit", "off"),
        ("timezone", "utc"),
        ("application_name", "jan-rebuild"),
    ]);
    PgPoolOptions::new()
        .max_connections(connections_max)
        .connect_lazy_with(options)
}

/// Makes a read model known that is not: at the beginning of the log, or, where that would take
/// long, unfilled (version 0) until it is built.
pub(crate) async fn found(pool: &PgPool, definition: &Definition) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into projections (name, generation, status, version)
        select $1, 1, 'live',
               case when coalesce(pg_sequence_last_value('events_position_seq'::regclass), 0) > $3
                    then 0 else $2 end
         where not exists (select from projections where name = $1)
        on conflict do nothing";
    sqlx::query(sql)
        .bind(definition.name)
        .bind(definition.version)
        .bind(LONG_LOG)
        .execute(pool)
        .await?;
    Ok(())
}

/// Whether the tables of another generation have the columns of the live ones. A migration changes
/// only those.
pub(crate) async fn has_live_shape(
    connection: &mut PgConnection,
    definition: &Definition,
    generation: i32,
) -> Result<bool, sqlx::Error> {
    let sql = r"
        with columns as
               (select table_schema, table_name, column_name, data_type, is_nullable
                  from information_schema.columns
                 where table_name = any($2))
        select not exists
                 ((select table_name, column_name, data_type, is_nullable
                     from columns where table_schema = 'public'
                   except
                   select table_name, column_name, data_type, is_nullable
                     from columns where table_schema = $1)
                  union all
                  (select table_name, column_name, data_type, is_nullable
                     from columns where table_schema = $1
                   except
                   select table_name, column_name, data_type, is_nullable
                     from columns where table_schema = 'public'))";
    let tables: Vec<&str> = definition.tables.iter().map(|table| table.name).collect();
    sqlx::query_scalar(sql)
        .bind(schema_of(definition.name, generation))
        .bind(tables)
        .fetch_one(connection)
        .await
}

/// Forgets a generation that is not live.
pub(crate) async fn drop_generation(
    connection: &mut PgConnection,
    name: &str,
    generation: i32,
) -> Result<(), sqlx::Error> {
    empty_generation(connection, name, generation).await?;
    let sql = r"
        delete from projections
         where name = $1
           and generation = $2
           and status <> 'live'";
    sqlx::query(sql)
        .bind(name)
        .bind(generation)
        .execute(connection)
        .await?;
    Ok(())
}

/// Leaves of a generation nothing but that it was: neither tables nor parts nor what it had parked.
pub(crate) async fn empty_generation(
    connection: &mut PgConnection,
    name: &str,
    generation: i32,
) -> Result<(), sqlx::Error> {
    let schema = schema_of(name, generation);
    sqlx::query(&format!("drop schema if exists {schema} cascade"))
        .execute(&mut *connection)
        .await?;
    for sql in [
        "delete from projection_shards where name = $1 and generation = $2",
        "delete from parked_events where name = $1 and generation = $2",
    ] {
        sqlx::query(sql)
            .bind(name)
            .bind(generation)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
