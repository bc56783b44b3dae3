//! Migrating one step at a time, for whoever watches.

use std::borrow::Cow;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;

use super::{DatabaseError, MIGRATOR, list_applied, name_of, run};

/// A migration that has not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigration {
    /// Its number.
    pub version: i64,
    /// Number and description.
    pub name: String,
}

/// What [`migrate`](super::migrate) would run now, in its order. Changes nothing.
pub async fn list_pending(pool: &PgPool) -> Result<Vec<PendingMigration>, DatabaseError> {
    let applied = list_applied(pool).await?;
    if let Some((version, _)) = applied
        .iter()
        .find(|(version, _)| !MIGRATOR.version_exists(*version))
    {
        return Err(DatabaseError::SchemaIsNewer { version: *version });
    }
    let pending = MIGRATOR
        .iter()
        .map(|migration| migration.version)
        .filter(|version| applied.iter().all(|(done, _)| done != version));
    Ok(pending
        .map(|version| PendingMigration {
            version,
            name: name_of(version),
        })
        .collect())
}

/// Runs what has not run yet of all migrations up to and with this one.
pub async fn migrate_through(pool: &PgPool, version: i64) -> Result<(), DatabaseError> {
    let mut steps = MIGRATOR.migrations.to_vec();
    steps.retain(|migration| migration.version <= version);
    let part = Migrator {
        migrations: Cow::Owned(steps),
        // Later ones may have run; whether we know them was asked before.
        ignore_missing: true,
        ..Migrator::DEFAULT
    };
    run(pool, &part).await
}
