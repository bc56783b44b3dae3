use jan_projections::{Phase, Progress, ProjectionStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// One life of a projection.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectionBody {
    /// Its name.
    name: String,
    /// `projection`
    object: &'static str,
    /// Which of its lives.
    generation: i32,
    /// `live`, `building`, `standby` or `failed`.
    status: &'static str,
    /// The version of the fold that made it; 0 if it waits for its first build.
    version: i32,
    /// The last position of the event log that is folded in.
    position: i64,
    /// Events it has passed.
    event_count: i64,
    /// Events it has not passed yet.
    lag_events: i64,
    /// The age of the oldest of those, in seconds.
    lag_seconds: f64,
    /// Events it has set aside.
    parked_count: i64,
    /// The process that runs it.
    owner: Option<String>,
    /// Unix seconds.
    updated_at: i64,
    /// What last interrupted it.
    last_error: Option<String>,
}

/// Lives of projections.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectionListBody {
    /// `list`
    pub(super) object: &'static str,
    /// By name and generation.
    pub(super) data: Vec<ProjectionBody>,
}

impl From<ProjectionStatus> for ProjectionBody {
    fn from(status: ProjectionStatus) -> Self {
        Self {
            name: status.name,
            object: "projection",
            generation: status.generation,
            status: status.status.as_str(),
            version: status.version,
            position: status.position,
            event_count: status.event_count,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            parked_count: status.parked_count,
            owner: status.lease_owner,
            updated_at: status.updated_at.timestamp(),
            last_error: status.last_error,
        }
    }
}

/// How far a build is.
#[derive(Serialize, ToSchema)]
pub(super) struct RebuildBody {
    /// `projection.rebuild`
    object: &'static str,
    /// The projection.
    name: String,
    /// The life that is being made.
    generation: i32,
    /// `building` until it is over; then what has become of it.
    status: &'static str,
    /// `loading`, `indexing`, `catching_up`, `verifying` or `switching`.
    phase: Option<&'static str>,
    /// Events that are in.
    events_done: i64,
    /// Events there were when it began.
    events_total: i64,
    /// The pace so far.
    events_per_second: f64,
    /// How long loading will go on at this pace.
    seconds_left: Option<f64>,
    /// The process that builds; none while the build waits for one.
    owner: Option<String>,
    /// Unix seconds.
    started_at: i64,
    /// What went wrong.
    last_error: Option<String>,
    /// Where this can be read again.
    progress_url: String,
}

impl From<Progress> for RebuildBody {
    fn from(progress: Progress) -> Self {
        Self {
            object: "projection.rebuild",
            progress_url: format!("/v1/admin/projections/{}/rebuild", progress.name),
            generation: progress.generation,
            status: progress.status.as_str(),
            phase: progress.phase.map(Phase::as_str),
            events_done: progress.events_done,
            events_total: progress.events_total,
            events_per_second: progress.events_per_second(),
            seconds_left: progress.time_left().map(|left| left.as_secs_f64()),
            owner: progress.owner,
            started_at: progress.started_at.timestamp(),
            last_error: progress.last_error,
            name: progress.name,
        }
    }
}
