use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use jan_domain::id::NodeId;
use jan_domain::ports::Signer;
use jan_infra::identity::{AuditKey, SigningKey};
use jan_projections::audit::{PublicKey, Sealer, SealerTuning};
use serde_json::Value;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::build::jan_server;
use super::{rate, say};

/// Seals the whole log, checks it, and tells what both cost.
pub(super) async fn measure(pool: &PgPool) -> anyhow::Result<()> {
    let events: i64 = sqlx::query_scalar("select count(*) from events")
        .fetch_one(pool)
        .await?;
    let signer: Arc<dyn Signer> = Arc::new(AuditKey::from(&SigningKey::ephemeral()));
    let key = PublicKey::from(signer.public_key()).to_string();
    let sealer = Sealer {
        pool: pool.clone(),
        signer,
        node: NodeId::parse("node_bench").context("it is an id")?,
        tuning: SealerTuning::default(),
    };
    let (cancel, began) = (CancellationToken::new(), Instant::now());
    let sealing = TaskTracker::new().spawn(sealer.run(cancel.clone()));
    until(
        pool,
        "select coalesce(max(to_position), 0) from event_seals",
    )
    .await?;
    let covered = began.elapsed();
    until(pool, "select max(indexed_through) from event_sealer").await?;
    let indexed = began.elapsed();
    cancel.cancel();
    sealing.await?;
    say(format_args!(
        "audit: {events} events sealed at {:.0} events/s; sealed and indexed at {:.0} events/s",
        rate(events, covered),
        rate(events, indexed)
    ))?;
    sqlx::raw_sql("vacuum analyze").execute(pool).await?;
    let asked = [
        "events",
        "verify",
        "--baseline",
        "--json",
        "--public-key",
        &key,
    ];
    let told = jan_server(pool, &asked)?
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(told.status.success(), "the log does not verify");
    let told: Value = serde_json::from_slice(&told.stdout)?;
    let [checked, read] = ["events_per_second", "baseline_events_per_second"]
        .map(|figure| told[figure].as_f64().unwrap_or_default());
    say(format_args!(
        "  verified at {checked:.0} events/s; the same rows only read: {read:.0} events/s: we are at {:.2} of it",
        checked / read
    ))
}

/// Waits until what `sql` answers has come to the end of the log.
async fn until(pool: &PgPool, sql: &str) -> anyhow::Result<()> {
    let last: i64 = sqlx::query_scalar("select max(position) from events")
        .fetch_one(pool)
        .await?;
    loop {
        let reached: Option<i64> = sqlx::query_scalar(sql).fetch_optional(pool).await?;
        if reached.is_some_and(|reached| reached >= last) {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
