use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jan_commands::account::Eraser;
use jan_commands::crash::CrashPoints;
use jan_commands::media::MediaRemover;
use jan_commands::retention::{Retention, RetentionParts, RetentionTerms};
use jan_commands::store::{AppenderLimits, EventLog};
use jan_domain::Owner;
use jan_domain::metadata::Metadata;
use jan_infra::clock::SystemClock;
use jan_infra::config::{Config, Limits, RetentionSettings};
use jan_infra::database::Pool;
use jan_infra::id_generator::UuidV7Ids;
use jan_infra::media::MediaSettings;
use jan_projections::ReadModels;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::media::object_store;
use super::owner_keys;
use crate::cli::retention::{RetentionArgs, report};

const DAY: Duration = Duration::from_hours(24);

/// What erases accounts and takes media away without a server around it. Its writer, which `tracker`
/// knows, ends with it.
async fn eraser(
    config: &Config,
    pool: &Pool,
    tracker: &TaskTracker,
) -> anyhow::Result<(Eraser, MediaRemover)> {
    let keys = owner_keys(config, pool)?;
    keys.require_masters().await?;
    let log = EventLog::start(
        pool.clone(),
        Arc::new(UuidV7Ids),
        Arc::new(Notify::new()),
        AppenderLimits::default(),
        tracker,
    );
    let log = log.sealed_by(Arc::new(keys.clone()));
    let (clock, objects) = (Arc::new(SystemClock), object_store(config)?);
    let remover = MediaRemover::new(
        &log,
        Arc::clone(&objects),
        Arc::clone(&clock) as _,
        CrashPoints::default(),
    );
    let eraser = Eraser::new(&log, keys, objects, clock, CrashPoints::default());
    Ok((eraser, remover))
}

/// Gives up what is too old, or only says what that is.
pub(super) async fn give_up(
    args: &RetentionArgs,
    pool: &Pool,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let tracker = TaskTracker::new();
    let removing = eraser(config, pool, &tracker).await?;
    let terms = retention_terms(&config.retention, &config.media, &config.limits);
    let sweeper = retention(terms, pool, removing, &ReadModels::elsewhere(pool));
    let classes = sweeper.sweep(args.dry_run).await;
    drop(sweeper);
    tracker.close();
    tracker.wait().await;
    let classes = classes.map_err(|error| anyhow::anyhow!(error))?;
    Ok(report(args, &classes, out)?)
}

/// Erases one account, without a server, and answers how many of its events can still be read.
pub(super) async fn erase(config: &Config, pool: &Pool, owner: &Owner) -> anyhow::Result<i64> {
    let tracker = TaskTracker::new();
    let (eraser, _) = eraser(config, pool, &tracker).await?;
    let metadata = Metadata::of_system(owner, "command line");
    let open = ReadModels::elsewhere(pool).responses;
    let done = eraser.erase(owner, &metadata, &open).await;
    let readable = eraser.count_readable(owner).await;
    drop(eraser);
    tracker.close();
    tracker.wait().await;
    done?;
    Ok(readable?)
}

/// What gives up what is too old.
pub fn retention(
    terms: RetentionTerms,
    pool: &Pool,
    (eraser, remover): (Eraser, MediaRemover),
    reads: &ReadModels,
) -> Retention {
    let parts = RetentionParts {
        eraser,
        remover,
        idle: Arc::new(reads.accounts.clone()),
        open: Arc::new(reads.responses.clone()),
        media: Arc::new(reads.media.clone()),
        clock: Arc::new(SystemClock),
    };
    Retention::new(pool.clone(), terms, parts)
}

/// How long each class is kept under these settings.
pub fn retention_terms(
    retention: &RetentionSettings,
    media: &MediaSettings,
    limits: &Limits,
) -> RetentionTerms {
    let days = |days: u16| (days > 0).then(|| DAY * u32::from(days));
    RetentionTerms {
        guests: days(retention.guest_days),
        media: super::media::kept(media),
        stream_log: Some(limits.stream_kept),
        effect_journal: days(retention.effect_journal_days),
        idempotency_keys: Some(limits.idempotency_ttl),
    }
}
