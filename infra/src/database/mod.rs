//! The door to Postgres: the pool that everybody shares, and the schema.

mod closing;
mod steps;
#[cfg(test)]
mod tests;

pub use closing::close;
pub use sqlx::postgres::PgConnectOptions as ConnectOptions;
pub use sqlx::{Error as PoolError, PgPool as Pool};
pub use steps::{PendingMigration, list_pending, migrate_through};

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::Instant;

use crate::config::DatabaseSettings;

/// Every migration, embedded in the binary.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The oldest Postgres we run on, as `server_version_num` counts.
const VERSION_MIN: i32 = 150_000;

/// Pause between two looks at a database that is not up yet.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// SQLSTATE of a query on a table that is not there.
const NO_SUCH_TABLE: &str = "42P01";

/// A transaction that is left open blocks vacuum and migrations, so the server ends it.
const IDLE_IN_TRANSACTION: &str = "10s";

/// Connections unused for longer may have been cut by something in between and are tried first.
/// Younger ones are not: the ping would double the round trips of a small statement.
const PING_AFTER: Duration = Duration::from_secs(5);

/// Why there is no usable database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Nobody answered, or not in time.
    #[error("the database at {place} cannot be reached")]
    Unreachable {
        /// Host or socket, and database.
        place: String,
        /// The last attempt's failure.
        source: sqlx::Error,
    },
    /// It answers and does not let us in, or breaks.
    #[error("the database at {place} refuses to work with us")]
    Refused {
        /// Host or socket, and database.
        place: String,
        /// Its words.
        source: sqlx::Error,
    },
    /// Statements of ours would not run there.
    #[error("Postgres {version} is too old: 15 or newer is needed")]
    TooOld {
        /// Its own name for its version.
        version: String,
    },
    /// A migration was edited after it ran here.
    #[error(
        "migration {name} was changed after it ran on this database; use the version of jan-server that wrote it"
    )]
    MigrationChanged {
        /// Number and description.
        name: String,
    },
    /// The schema comes from a newer server.
    #[error(
        "this database has migration {version}, which this version of jan-server does not know; use the newer one"
    )]
    SchemaIsNewer {
        /// The migration's number.
        version: i64,
    },
    /// The schema is not up to date, and we were not asked to migrate.
    #[error("migration {name} has not run on this database; run `jan-server migrate`")]
    SchemaIsOlder {
        /// Number and description.
        name: String,
    },
    /// A migration failed; what it did is rolled back.
    #[error("migration {name} failed")]
    MigrationFailed {
        /// Number and description.
        name: String,
        /// The statement's failure.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Opens a pool to a Postgres that is up, or comes up within `settings.startup_wait`. `target` is
/// `settings.url` or the embedded Postgres.
pub async fn connect(
    settings: &DatabaseSettings,
    target: PgConnectOptions,
) -> Result<PgPool, DatabaseError> {
    let place = place_of(&target);
    let statement_timeout = settings.statement_timeout.as_millis().to_string();
    let target = target
        .application_name("jan-server")
        .options([
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
            ("statement_timeout", &statement_timeout),
        ])
        .log_statements(tracing::log::LevelFilter::Debug)
        .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(1));
    let mut connection = first_connection(settings, &target, &place).await?;
    let version = require_version(&mut connection, &place).await?;
    connection
        .close()
        .await
        .map_err(|source| refused(&place, source))?;
    tracing::info!(
        database.place = place,
        database.version = version,
        "connected to Postgres {version} at {place}"
    );
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections_max)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, usage| {
            Box::pin(async move {
                if usage.idle_for > PING_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
    pool.connect_with(target)
        .await
        .map_err(|source| refused(&place, source))
}

/// Brings the schema up to date. Concurrent calls, on any node, take turns.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    run(pool, &MIGRATOR).await
}

async fn run(pool: &PgPool, migrator: &Migrator) -> Result<(), DatabaseError> {
    let place = place_of(&pool.connect_options());
    let mut connection = pool
        .acquire()
        .await
        .map_err(|source| refused(&place, source))?
        .detach();
    // An index over a large table takes its time, and this connection is not given back.
    let unlimited = sqlx::query("set statement_timeout = 0")
        .execute(&mut connection)
        .await;
    unlimited.map_err(|source| refused(&place, source))?;
    let migrated = migrator.run_direct(&mut connection).await;
    migrated.map_err(|error| migration_error(&place, error))?;
    connection
        .close()
        .await
        .map_err(|source| refused(&place, source))
}

/// Refuses a schema that is older or newer than ours, without changing anything. Readiness checks
/// call it, so it is one small query.
pub async fn require_schema(pool: &PgPool) -> Result<(), DatabaseError> {
    let applied = list_applied(pool).await?;
    for migration in MIGRATOR.iter() {
        let done = applied
            .iter()
            .find(|(version, _)| *version == migration.version);
        let name = || name_of(migration.version);
        match done {
            None => return Err(DatabaseError::SchemaIsOlder { name: name() }),
            Some((_, checksum)) if *checksum != *migration.checksum => {
                return Err(DatabaseError::MigrationChanged { name: name() });
            }
            Some(_) => {}
        }
    }
    match applied
        .iter()
        .find(|(version, _)| !MIGRATOR.version_exists(*version))
    {
        Some((version, _)) => Err(DatabaseError::SchemaIsNewer { version: *version }),
        None => Ok(()),
    }
}

/// Number and checksum of every migration that ran; none where none ever did.
async fn list_applied(pool: &PgPool) -> Result<Vec<(i64, Vec<u8>)>, DatabaseError> {
    let sql = "select version, checksum from _sqlx_migrations order by version";
    match sqlx::query_as(sql).fetch_all(pool).await {
        Ok(rows) => Ok(rows),
        Err(sqlx::Error::Database(answer)) if answer.code().as_deref() == Some(NO_SUCH_TABLE) => {
            Ok(Vec::new())
        }
        Err(source) => Err(refused(&place_of(&pool.connect_options()), source)),
    }
}

async fn first_connection(
    settings: &DatabaseSettings,
    target: &PgConnectOptions,
    place: &str,
) -> Result<PgConnection, DatabaseError> {
    let deadline = Instant::now() + settings.startup_wait;
    let mut told = false;
    loop {
        let attempt = tokio::time::timeout_at(deadline, target.connect()).await;
        let source = match attempt {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if !may_be_starting(&error) => return Err(refused(place, error)),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
        };
        if Instant::now() + LOOK_AGAIN_AFTER >= deadline {
            return Err(DatabaseError::Unreachable {
                place: place.to_owned(),
                source,
            });
        }
        if !told {
            let wait_s = settings.startup_wait.as_secs();
            tracing::info!(
                database.place = place,
                "waiting up to {wait_s} s for Postgres at {place}"
            );
            told = true;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

/// Whether the same attempt may succeed a moment later: nobody listens yet, the host has no
/// address yet, or Postgres says itself that it is starting or full.
fn may_be_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(answer) => {
            matches!(answer.code().as_deref(), Some("57P03" | "53300"))
        }
        _ => false,
    }
}

async fn require_version(
    connection: &mut PgConnection,
    place: &str,
) -> Result<String, DatabaseError> {
    let sql =
        "select current_setting('server_version_num')::int, current_setting('server_version')";
    let (number, version): (i32, String) = sqlx::query_as(sql)
        .fetch_one(connection)
        .await
        .map_err(|source| refused(place, source))?;
    if number < VERSION_MIN {
        Err(DatabaseError::TooOld { version })
    } else {
        Ok(version)
    }
}

fn migration_error(place: &str, error: MigrateError) -> DatabaseError {
    match error {
        MigrateError::VersionMismatch(version) => DatabaseError::MigrationChanged {
            name: name_of(version),
        },
        MigrateError::VersionMissing(version) => DatabaseError::SchemaIsNewer { version },
        MigrateError::ExecuteMigration(source, version) => DatabaseError::MigrationFailed {
            name: name_of(version),
            source: source.into(),
        },
        MigrateError::Execute(source) => refused(place, source),
        other => DatabaseError::MigrationFailed {
            name: "list".to_owned(),
            source: other.into(),
        },
    }
}

/// A migration as its file is called.
fn name_of(version: i64) -> String {
    match MIGRATOR
        .iter()
        .find(|migration| migration.version == version)
    {
        Some(migration) => format!("{version}_{}", migration.description.replace(' ', "_")),
        None => version.to_string(),
    }
}

fn place_of(target: &PgConnectOptions) -> String {
    let host = target.get_socket().map_or_else(
        || format!("{}:{}", target.get_host(), target.get_port()),
        |socket| socket.display().to_string(),
    );
    format!("{host}/{}", target.get_database().unwrap_or_default())
}

fn refused(place: &str, source: sqlx::Error) -> DatabaseError {
    DatabaseError::Refused {
        place: place.to_owned(),
        source,
    }
}
