use std::io::Write;
use std::process::ExitCode;

use jan_domain::id::NodeId;
use jan_domain::ports::IdGenerator as _;
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_infra::id_generator::UuidV7Ids;
use jan_projections::ProjectionOperator;

use super::reading_keys;
use super::skipping::skip_event;
use crate::cli::projections::{self, ProjectionsCommand, SkipArgs};

/// Runs a command on the read models, as a node of its own.
pub(super) async fn projections(
    command: &ProjectionsCommand,
    pool: Pool,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let node = NodeId::parse(&format!("node_{}", UuidV7Ids.fresh()));
    let node = node.expect("hex digits make an id");
    let operator = ProjectionOperator::new(pool.clone(), reading_keys(config, &pool)?, node);
    let skip = async |args: &SkipArgs, stream: String| skip_event(pool, args, stream).await;
    projections::run(command, &operator, skip, out).await
}
