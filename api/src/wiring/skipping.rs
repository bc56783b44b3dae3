use std::sync::Arc;

use jan_commands::store::{AppenderLimits, EventLog, Store};
use jan_domain::Caller;
use jan_domain::metadata::Metadata;
use jan_domain::ports::Clock as _;
use jan_domain::projection::{Projection, ProjectionCommand};
use jan_infra::clock::SystemClock;
use jan_infra::database::Pool;
use jan_infra::id_generator::UuidV7Ids;
use tokio_util::task::TaskTracker;

use crate::cli::projections::SkipArgs;

/// Puts on record that a projection leaves an event out, from the command line.
pub(super) async fn skip_event(pool: Pool, args: &SkipArgs, stream: String) -> anyhow::Result<()> {
    let writer = TaskTracker::new();
    let limits = AppenderLimits::default();
    let log = EventLog::start(pool, Arc::new(UuidV7Ids), Arc::default(), limits, &writer);
    let projections: Store<Projection> = Store::new(log);
    let command = ProjectionCommand::SkipEvent {
        position: args.position,
        stream,
        reason: args.reason.clone(),
        at: SystemClock.now(),
    };
    let metadata = Metadata::of_system(&Caller::nobody().owner, "projections skip");
    projections.execute(args.name(), command, &metadata).await?;
    drop(projections);
    writer.close();
    writer.wait().await;
    Ok(())
}
