use std::io::Write;
use std::time::Instant;

use jan_infra::database::{self, Pool};

use crate::cli::migrate::MigrationReport;

/// Runs what has not run yet, one migration after the other, and tells of each.
pub async fn migrate(pool: &Pool, out: &mut impl Write) -> anyhow::Result<()> {
    let pending = database::list_pending(pool).await?;
    let mut report = MigrationReport::new(out, pending.len());
    for migration in &pending {
        report.begins(&migration.name);
        let started = Instant::now();
        database::migrate_through(pool, migration.version).await?;
        report.done(&migration.name, started.elapsed())?;
    }
    // Somebody else may have migrated meanwhile; this is what `serve` does, so it has the last word.
    database::migrate(pool).await?;
    Ok(report.ends()?)
}
