//! Settings in the terms of the rooms that keep to them.

use std::time::Duration;

use jan_commands::runner::RunLimits;
use jan_commands::store::AppenderLimits;
use jan_infra::config::Limits;

use super::blueprint::Blueprint;
use crate::state::EdgeLimits;

pub(super) fn run_limits(blueprint: &Blueprint) -> RunLimits {
    let limits = &blueprint.limits;
    RunLimits {
        tool_depth_max: limits.tool_depth_max,
        tool_timeout: blueprint.tool_timeout,
        tool_permissions: blueprint.tool_permissions.clone(),
        direct_calls_max: blueprint.direct_calls_max,
        duration_max: limits.model_call_duration_max,
        // Only workers carry what nobody waits for.
        background_max: if blueprint.roles.worker {
            limits.background_runs_max
        } else {
            0
        },
        stream_kept: limits.stream_kept,
    }
}

pub(super) fn appender_limits(limits: &Limits) -> AppenderLimits {
    AppenderLimits {
        lanes: limits.append_lanes,
        queue: limits.append_queue,
        batch_events: limits.append_batch_events,
        ..AppenderLimits::default()
    }
}

pub(super) fn edge_limits(limits: &Limits) -> EdgeLimits {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    EdgeLimits {
        body_bytes: limits.body_bytes_max,
        connections: limits.connections_max,
        shutdown_timeout_ms: milliseconds(limits.shutdown_timeout),
        header_read_timeout_ms: milliseconds(limits.header_read_timeout),
        body_read_timeout_ms: milliseconds(limits.body_read_timeout),
        write_timeout_ms: milliseconds(limits.write_timeout),
        ..EdgeLimits::default()
    }
}
